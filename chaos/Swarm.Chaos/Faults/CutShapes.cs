namespace Swarm.Chaos.Faults;

/// <summary>Which edges a broken network lacks. Each edge is one direction of one cable.</summary>
internal static class CutShapes
{
    /// <summary>Nobody of one side hears anybody of the other.</summary>
    public static List<(string From, string To)> Between(IReadOnlyList<string> one, IReadOnlyList<string> other) =>
        [.. one.SelectMany(a => other.SelectMany(b => new[] { (a, b), (b, a) }))];

    /// <summary>Each hears only its two neighbours: every one has a majority's view of nobody but them.</summary>
    public static List<(string From, string To)> Ring(IReadOnlyList<string> nodes) =>
        [.. from i in Enumerable.Range(0, nodes.Count) from j in Enumerable.Range(0, nodes.Count) where Distance(i, j, nodes.Count) > 1 select (nodes[i], nodes[j])];

    /// <summary>Two halves that both hear the first node, and not each other.</summary>
    public static List<(string From, string To)> Bridge(IReadOnlyList<string> nodes)
    {
        var half = (nodes.Count - 1) / 2;
        return Between([.. nodes.Skip(1).Take(half)], [.. nodes.Skip(1 + half)]);
    }

    private static int Distance(int i, int j, int count) => Math.Min(Math.Abs(i - j), count - Math.Abs(i - j));
}
