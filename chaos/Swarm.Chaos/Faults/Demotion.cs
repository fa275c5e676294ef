using Swarm.Api.Client;
using Swarm.Chaos.Running;

namespace Swarm.Chaos.Faults;

/// <summary>What faults that take a manager's role begin with.</summary>
internal static class Demotion
{
    /// <summary>Demotes a manager of the scenario's choice and goes on with its name and node id; says so if there is none or it may not be.</summary>
    /// <param name="purpose">In words, as "demote".</param>
    internal static async Task<Injection> ThenAsync(
        FaultContext context, string purpose, Func<Membership, string, string, Task<Injection>> next, CancellationToken cancellation)
    {
        if (await context.ChooseAsync(Target.Manager, cancellation) is not [var node])
        {
            return Injection.Skip($"no manager to {purpose}");
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

        return await next(membership, node, id);
    }
}
