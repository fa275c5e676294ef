using Swarm.Lab.State;

namespace Swarm.Lab.Network;

/// <summary>One direction between two nodes in which nothing gets through: what <paramref name="From"/> sends, <paramref name="To"/> never hears.</summary>
/// <param name="Path">What is meant by nothing.</param>
public sealed record Cut(string From, string To, CutPath Path = CutPath.All)
{
    /// <summary>More than a full mesh of a lab's largest cluster; a longer list is a mistake.</summary>
    public const int MaxEdges = 65536;

    private const string Form = "a cut is written 'm1->m2' (what m1 sends, m2 never hears)";

    /// <summary>Reads `m1->m2 m2>m3`, also with commas between.</summary>
    /// <exception cref="LabException">Another form, an unknown node, or a node cut off from itself.</exception>
    public static IReadOnlyList<(string From, string To)> Parse(IEnumerable<string> words)
    {
        var edges = new List<(string, string)>();
        foreach (var word in string.Join(' ', words).Split([' ', ','], StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = word.Split("->");
            ends = ends.Length == 2 ? ends : word.Split('>');
            if (ends.Length != 2 || ends.Any(e => e.Length == 0 || e.Contains('>', StringComparison.Ordinal)))
            {
                throw new LabException($"'{word}' is no cut: {Form}");
            }

            edges.Add((ends[0], ends[1]));
        }

        return edges;
    }

    /// <summary>The edges as the lab's record keeps them: known nodes, each edge once.</summary>
    /// <exception cref="LabException">An unknown node, a node cut off from itself, or no edge at all.</exception>
    public static IReadOnlyList<Cut> Checked(LabRecord lab, IReadOnlyList<(string From, string To)> edges, CutPath path = CutPath.All)
    {
        if (edges.Count is 0 or > MaxEdges)
        {
            throw new LabException(edges.Count == 0 ? $"nothing to cut: {Form}; 'heal' ends all cuts" : $"{edges.Count} cuts are more than {MaxEdges}");
        }

        var cuts = edges.Select(e => new Cut(lab.Node(e.From).Name, lab.Node(e.To).Name, path)).Distinct().ToList();
        return cuts.FirstOrDefault(c => c.From == c.To) is { } self
            ? throw new LabException($"{self.From} always hears itself: {Form}")
            : cuts;
    }

    public override string ToString() => $"{From}->{To}" + (Path == CutPath.All ? "" : $" ({Path.ToString().ToLowerInvariant()} path)");
}
