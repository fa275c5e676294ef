namespace Swarm.Chaos.Faults;

/// <summary>One node hears nobody and is heard by nobody.</summary>
internal sealed class IsolateFault : CutFault
{
    public override string Kind => "isolate";

    public override IReadOnlyList<string> Targets => [.. Target.OneManager, Target.Worker, Target.Node];

    protected override async Task<(string What, IReadOnlyList<(string From, string To)> Edges)?> ShapeAsync(FaultContext context, CancellationToken cancellation) =>
        await context.ChooseAsync(Target.Manager, cancellation) is [var node]
            ? ($"{node} cut off", CutShapes.Between([node], [.. context.Cluster.Nodes.Where(n => n != node)]))
            : null;
}
