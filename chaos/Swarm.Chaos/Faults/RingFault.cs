namespace Swarm.Chaos.Faults;

/// <summary>The managers in a ring: each hears only two others. Of five, each has a majority with its neighbours, and each another one.</summary>
internal sealed class RingFault : CutFault
{
    public override string Kind => "ring";

    protected override Task<(string What, IReadOnlyList<(string From, string To)> Edges)?> ShapeAsync(FaultContext context, CancellationToken cancellation)
    {
        var managers = context.Dice.Shuffled(context.Cluster.Managers);
        return Task.FromResult<(string, IReadOnlyList<(string, string)>)?>(($"ring of {string.Join(", ", managers)}", CutShapes.Ring(managers)));
    }
}
