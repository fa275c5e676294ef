namespace Swarm.Chaos.Faults;

/// <summary>One node hears nobody, or is heard by nobody; the other direction works.</summary>
internal sealed class OneWayFault : CutFault
{
    public override string Kind => "one-way";

    public override IReadOnlyList<string> Targets => [.. Target.OneManager, Target.Worker, Target.Node];

    protected override async Task<(string What, IReadOnlyList<(string From, string To)> Edges)?> ShapeAsync(FaultContext context, CancellationToken cancellation)
    {
        if (await context.ChooseAsync(Target.Manager, cancellation) is not [var node])
        {
            return null;
        }

        var others = context.Cluster.Nodes.Where(n => n != node);
        return context.Dice.Chance(0.5)
            ? ($"{node} hears nobody", [.. others.Select(other => (other, node))])
            : ($"nobody hears {node}", [.. others.Select(other => (node, other))]);
    }
}
