using System.Collections.Immutable;
using Swarm.Model;

namespace Swarm.Manager.Scheduling;

/// <summary>Nodes by their values for placement preferences, outermost first: a branch has branches, or at the last level nodes.</summary>
internal sealed record NodeBranches(string Value, IReadOnlyList<NodeInfo> Nodes, IReadOnlyList<NodeBranches> Branches)
{
    internal static NodeBranches Of(IReadOnlyList<NodeInfo> nodes, ImmutableArray<string> preferences) => Of("", nodes, preferences.IsDefault ? [] : preferences.AsSpan());

    /// <summary>The values that a node has for the preferences, outermost first.</summary>
    internal static IEnumerable<string> PathOf(ImmutableArray<string> preferences, Node node) => preferences.Select(one => ValueOf(one, node));

    private static NodeBranches Of(string value, IReadOnlyList<NodeInfo> nodes, ReadOnlySpan<string> preferences)
    {
        if (preferences.IsEmpty)
        {
            return new NodeBranches(value, nodes, []);
        }

        var (first, branches) = (preferences[0], new List<NodeBranches>());
        foreach (var same in nodes.GroupBy(node => ValueOf(first, node.Node), StringComparer.Ordinal))
        {
            branches.Add(Of(same.Key, [.. same], preferences[1..]));
        }

        return new NodeBranches(value, [], branches);
    }

    private static string ValueOf(string descriptor, Node node) =>
        descriptor.StartsWith("node.labels.", StringComparison.OrdinalIgnoreCase) ? node.Spec.Annotations.Labels.GetValueOrDefault(descriptor["node.labels.".Length..], "")
        : descriptor.StartsWith("engine.labels.", StringComparison.OrdinalIgnoreCase) ? node.Description.EngineLabels.GetValueOrDefault(descriptor["engine.labels.".Length..], "")
        : "";
}
