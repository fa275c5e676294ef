using Swarm.Lab.Network;

namespace Swarm.Chaos.Faults;

/// <summary>A node's link goes down and up again and again, too fast for anybody to find the node down; or its data path alone does.</summary>
internal sealed class FlapFault : IFault
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(300);

    public string Kind => "flap";

    public IReadOnlyList<string> Targets => [Target.Worker, Target.Node, .. Target.OneManager];

    public bool Lasts => true;

    public async Task<Injection> InjectAsync(FaultContext context, CancellationToken cancellation)
    {
        if (!context.TryClaim([Claims.Network]))
        {
            return Injection.Skip("the network is disturbed already");
        }

        if (await context.ChooseAsync(Target.Worker, cancellation) is not [var node])
        {
            return Injection.Skip("no link to shake");
        }

        var path = context.Dice.Chance(0.5) ? CutPath.All : CutPath.Data;
        var edges = CutShapes.Between([node], [.. context.Cluster.Nodes.Where(other => other != node)]);
        var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var shaking = ShakeAsync(context, edges, path, stop.Token);
        return new Injection($"{(path == CutPath.All ? "link" : "data path")} of {node} flaps", async token =>
        {
            await stop.CancelAsync();
            await shaking;
            stop.Dispose();
            await context.Lab.HealAsync(token);
        })
        {
            OutOfTouch = path == CutPath.Data ? [] : context.LateWith([node]),
        };
    }

    private static async Task ShakeAsync(FaultContext context, List<(string From, string To)> edges, CutPath path, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await context.Lab.CutAsync(edges, stop, path);
                await Task.Delay(context.Dice.Between(Shortest, Longest), context.Cluster.Time, stop);
                await context.Lab.HealAsync(stop);
                await Task.Delay(context.Dice.Between(Shortest, Longest), context.Cluster.Time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The end that was asked for.
        }
    }
}
