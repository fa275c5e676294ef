namespace Swarm.Chaos.Faults;

/// <summary>A manager, also the leader, is made a worker, and later a manager again.</summary>
internal sealed class DemoteFault : IFault
{
    public string Kind => "demote";

    public IReadOnlyList<string> Targets => Target.OneManager;

    public bool Lasts => true;

    public Task<Injection> InjectAsync(FaultContext context, CancellationToken cancellation) =>
        Demotion.ThenAsync(context, "demote", (membership, node, id) => Task.FromResult(new Injection($"{node} demoted", async token =>
        {
            await membership.SetRoleAsync(id, "manager", token);
            await membership.WaitManagerAsync(node, token);
        })), cancellation);
}
