namespace Swarm.Chaos.Faults;

/// <summary>All nodes in two groups that cannot hear each other.</summary>
internal sealed class HalvesFault : CutFault
{
    public override string Kind => "halves";

    protected override Task<(string What, IReadOnlyList<(string From, string To)> Edges)?> ShapeAsync(FaultContext context, CancellationToken cancellation)
    {
        var managers = context.Dice.Shuffled(context.Cluster.Managers);
        var sides = (One: managers.Take(managers.Count / 2).ToList(), Other: managers.Skip(managers.Count / 2).ToList());
        foreach (var worker in context.Cluster.Workers)
        {
            (context.Dice.Chance(0.5) ? sides.One : sides.Other).Add(worker);
        }

        return Task.FromResult<(string, IReadOnlyList<(string, string)>)?>(
            ($"{string.Join(", ", sides.One)} apart from {string.Join(", ", sides.Other)}", CutShapes.Between(sides.One, sides.Other)));
    }
}
