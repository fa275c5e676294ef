using System.Collections.Immutable;
using Swarm.Model;

namespace Swarm.Manager.Scheduling;

/// <summary>
/// Chooses among the nodes that may take a task: the emptiest branch of each placement preference, then the fewest tasks of the service, then the
/// fewest in all, then by id, so that the same store gives the same plan.
/// </summary>
internal sealed class Spread
{
    private readonly string _serviceId;
    private readonly ImmutableArray<string> _preferences;
    private readonly List<NodeInfo> _nodes;
    private readonly SortedSet<Candidate> _sorted = [];
    private readonly Dictionary<(int Level, string Branch), int> _branches = [];

    internal Spread(SwarmTask task, IEnumerable<NodeInfo> admitted)
    {
        _serviceId = task.ServiceId;
        _preferences = task.Spec.Placement.SpreadOver;
        _nodes = [.. admitted];
        foreach (var node in _nodes)
        {
            Grow(node, node.ActiveOf(_serviceId));
        }

        // Without preferences a placement changes the rank of one node, and the set stays sorted; with them, of a whole branch.
        if (_preferences.IsEmpty)
        {
            _sorted.UnionWith(_nodes.Select(Rank));
        }
    }

    internal NodeInfo? Best => _preferences.IsEmpty ? _sorted.Min?.Node : _nodes.Select(Rank).Min()?.Node;

    /// <summary>The node takes no more of these tasks.</summary>
    internal void Drop(NodeInfo node)
    {
        _sorted.Remove(Rank(node));
        _nodes.Remove(node);
    }

    /// <summary>Places one: <paramref name="place"/> changes the node's counts, and the ranks follow.</summary>
    internal void Take(NodeInfo node, Action<NodeInfo> place)
    {
        _sorted.Remove(Rank(node));
        place(node);
        Grow(node, 1);
        if (_preferences.IsEmpty)
        {
            _sorted.Add(Rank(node));
        }
    }

    private Candidate Rank(NodeInfo node) => new(
        [.. Branches(node).Select(branch => _branches.GetValueOrDefault(branch))], node.ActiveOf(_serviceId), node.Active, node);

    private void Grow(NodeInfo node, int by)
    {
        foreach (var branch in Branches(node))
        {
            _branches[branch] = _branches.GetValueOrDefault(branch) + by;
        }
    }

    private IEnumerable<(int, string)> Branches(NodeInfo node)
    {
        var path = "";
        for (var level = 0; level < _preferences.Length; level++)
        {
            path += "\0" + Label(node.Node, _preferences[level]);
            yield return (level, path);
        }
    }

    private static string Label(Node node, string descriptor) =>
        descriptor.StartsWith("node.labels.", StringComparison.OrdinalIgnoreCase) ? node.Spec.Annotations.Labels.GetValueOrDefault(descriptor["node.labels.".Length..], "")
        : descriptor.StartsWith("engine.labels.", StringComparison.OrdinalIgnoreCase) ? node.Description.EngineLabels.GetValueOrDefault(descriptor["engine.labels.".Length..], "")
        : "";

    private sealed record Candidate(int[] Branches, int OfService, int Active, NodeInfo Node) : IComparable<Candidate>
    {
        public int CompareTo(Candidate? other)
        {
            if (other is null)
            {
                return 1;
            }

            for (var level = 0; level < Branches.Length; level++)
            {
                if (Branches[level] != other.Branches[level])
                {
                    return Branches[level].CompareTo(other.Branches[level]);
                }
            }

            return OfService != other.OfService ? OfService.CompareTo(other.OfService)
                : Active != other.Active ? Active.CompareTo(other.Active)
                : string.CompareOrdinal(Node.Node.Id, other.Node.Node.Id);
        }
    }
}
