namespace Swarm.Chaos.Faults;

/// <summary>A manager, also the leader, is demoted, leaves, is removed, and joins again as a new member.</summary>
internal sealed class RejoinFault : IFault
{
    public string Kind => "rejoin";

    public IReadOnlyList<string> Targets => Target.OneManager;

    public bool Lasts => false;

    public Task<Injection> InjectAsync(FaultContext context, CancellationToken cancellation) =>
        Demotion.ThenAsync(context, "take out", async (membership, node, id) =>
        {
            await membership.ForgetAsync(id, cancellation, node);
            await context.Cluster.Client(node).LeaveSwarmAsync(force: true, cancellation);
            await membership.JoinAsync(node, cancellation);
            await membership.WaitManagerAsync(node, cancellation);
            return new Injection($"{node} taken out and joined anew", null);
        }, cancellation);
}
