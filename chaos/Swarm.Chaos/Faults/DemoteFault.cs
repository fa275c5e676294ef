using Swarm.Api.Client;
using Swarm.Chaos.Running;

namespace Swarm.Chaos.Faults;

/// <summary>A manager, also the leader, is made a worker, and later a manager again.</summary>
internal sealed class DemoteFault : IFault
{
    public string Kind => "demote";

    public IReadOnlyList<string> Targets => Target.OneManager;

    public bool Lasts => true;

    public async Task<Injection> InjectAsync(FaultContext context, CancellationToken cancellation)
    {
        if (await context.ChooseAsync(Target.Manager, cancellation) is not [var node])
        {
            return Injection.Skip("no manager to demote");
        }

        var membership = new Membership(context.Cluster);
        var id = (await membership.AskSelfAsync(node, cancellation)).NodeID;
        try
        {
            await membership.SetRoleAsync(id, "worker", cancellation);
        }
        catch (EngineClientException e)
        {
            return Injection.Skip($"{node} may not be demoted: {e.Message}");
        }

        return new Injection($"{node} demoted", async token =>
        {
            await membership.SetRoleAsync(id, "manager", token);
            await membership.WaitManagerAsync(node, token);
        });
    }
}
