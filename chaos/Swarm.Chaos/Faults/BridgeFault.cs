namespace Swarm.Chaos.Faults;

/// <summary>Two halves of the managers that only one between them hears.</summary>
internal sealed class BridgeFault : CutFault
{
    public override string Kind => "bridge";

    protected override Task<(string What, IReadOnlyList<(string From, string To)> Edges)?> ShapeAsync(FaultContext context, CancellationToken cancellation)
    {
        var managers = context.Dice.Shuffled(context.Cluster.Managers);
        return Task.FromResult<(string, IReadOnlyList<(string, string)>)?>(
            ($"{managers[0]} alone hears both halves of {string.Join(", ", managers.Skip(1))}", CutShapes.Bridge(managers)));
    }
}
