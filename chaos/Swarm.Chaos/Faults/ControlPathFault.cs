using Swarm.Lab.Network;

namespace Swarm.Chaos.Faults;

/// <summary>A node and the others do not hear each other, or not in one direction, while frames between containers pass.</summary>
internal sealed class ControlPathFault : IFault
{
    public string Kind => "control-path";

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
            return Injection.Skip("nobody to cut off");
        }

        var (what, edges) = PathShapes.Around(context.Dice, node, context.Cluster.Nodes);
        await context.Lab.CutAsync(edges, cancellation, CutPath.Control);
        return new Injection($"control path cut {what}", context.Lab.HealAsync) { OutOfTouch = context.LateWith([node]) };
    }
}
