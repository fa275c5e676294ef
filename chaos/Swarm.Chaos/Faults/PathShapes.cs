namespace Swarm.Chaos.Faults;

/// <summary>How one path between nodes breaks while the other lives; drawn by chance.</summary>
internal static class PathShapes
{
    /// <summary>Two nodes, one node and all others, or two halves; both ways or one.</summary>
    public static (string What, List<(string From, string To)> Edges) Data(Dice dice, IEnumerable<string> nodes)
    {
        var shuffled = dice.Shuffled(nodes.ToList());
        var sides = dice.Next(3) switch
        {
            0 => (One: shuffled.Take(1), Other: shuffled.Skip(1).Take(1)),
            1 => (One: shuffled.Take(1), Other: shuffled.Skip(1)),
            _ => (One: shuffled.Take(shuffled.Count / 2), Other: shuffled.Skip(shuffled.Count / 2)),
        };
        return Between(dice, [.. sides.One], [.. sides.Other]);
    }

    /// <summary>One node and all others, both ways or one.</summary>
    public static (string What, List<(string From, string To)> Edges) Around(Dice dice, string node, IEnumerable<string> all) =>
        Between(dice, [node], [.. all.Where(other => other != node)]);

    private static (string What, List<(string From, string To)> Edges) Between(Dice dice, List<string> one, List<string> other)
    {
        var names = $"{string.Join(", ", one)} and {string.Join(", ", other)}";
        return dice.Next(4) switch
        {
            0 => ($"between {names}, the first heard by nobody", [.. one.SelectMany(a => other.Select(b => (a, b)))]),
            1 => ($"between {names}, the first hearing nobody", [.. one.SelectMany(a => other.Select(b => (b, a)))]),
            _ => ($"between {names}", CutShapes.Between(one, other)),
        };
    }
}
