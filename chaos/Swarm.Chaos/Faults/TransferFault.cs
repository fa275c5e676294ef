using Swarm.Api.Client;

namespace Swarm.Chaos.Faults;

/// <summary>The leader is asked to hand its office to a follower.</summary>
internal sealed class TransferFault : IFault
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(8);

    public string Kind => "transfer";

    public IReadOnlyList<string> Targets => [Target.Follower];

    public bool Lasts => false;

    public async Task<Injection> InjectAsync(FaultContext context, CancellationToken cancellation)
    {
        if (await context.ChooseAsync(Target.Follower, cancellation) is not [var node])
        {
            return Injection.Skip("nobody to take over");
        }

        using var limit = new CancellationTokenSource(Limit, context.Cluster.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            await context.Cluster.Client(node).TransferLeadershipAsync(node, both.Token);
            return new Injection($"{node} takes the leadership over", null);
        }
        catch (EngineClientException e)
        {
            return Injection.Skip($"{node} does not take over: {e.Message}");
        }
    }
}
