using Swarm.Api.Client;
using Swarm.Chaos.Running;

namespace Swarm.Chaos.Faults;

/// <summary>A manager, also the leader, is demoted, leaves, is removed, and joins again as a new member.</summary>
internal sealed class RejoinFault : IFault
{
    public string Kind => "rejoin";

    public IReadOnlyList<string> Targets => Target.OneManager;

    public bool Lasts => false;

    public async Task<Injection> InjectAsync(FaultContext context, CancellationToken cancellation)
    {
        if (await context.ChooseAsync(Target.Manager, cancellation) is not [var node])
        {
            return Injection.Skip("no manager to take out");
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

        await membership.ForgetAsync(id, cancellation, node);
        await context.Cluster.Client(node).LeaveSwarmAsync(force: true, cancellation);
        await membership.JoinAsync(node, cancellation);
        await membership.WaitManagerAsync(node, cancellation);
        return new Injection($"{node} taken out and joined anew", null);
    }
}
