using Swarm.Chaos.Running;

namespace Swarm.Chaos.Faults;

/// <summary>A manager loses its power and its disk, is given up, and joins again with nothing. The others must be whole: they are all that is left.</summary>
internal sealed class WipeFault : IFault
{
    public string Kind => "wipe";

    public IReadOnlyList<string> Targets => Target.OneManager;

    public bool Lasts => true;

    public async Task<Injection> InjectAsync(FaultContext context, CancellationToken cancellation)
    {
        if (await context.ChooseAsync(Target.Manager, cancellation) is not [var node])
        {
            return Injection.Skip("no manager to wipe");
        }

        if (!context.OthersAreWhole([node]))
        {
            return Injection.Skip($"{node} keeps its disk: another manager is not whole");
        }

        var membership = new Membership(context.Cluster);
        var id = (await membership.AskSelfAsync(node, cancellation)).NodeID;
        await context.Lab.WipeDiskAsync(node, cancellation);
        return new Injection($"{node} without power and with an empty disk", async token =>
        {
            await membership.ForgetAsync(id, token, node);
            await context.Lab.RestartAsync([node], token);
            await membership.LoadImageAsync(node, token);
            await membership.JoinAsync(node, token);
            await membership.WaitManagerAsync(node, token);
        });
    }
}
