using System.Collections.Immutable;
using Swarm.Model;

namespace Swarm.Manager.Scheduling;

/// <summary>The nodes as the scheduler counts them, and the orders in which it looks for a place. Owned by the scheduling loop.</summary>
internal sealed class NodeTable
{
    private readonly SortedDictionary<string, NodeInfo> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<LoadKind, NodeOrder> _orders = [];
    private readonly Dictionary<string, NodeBranches> _branches = new(StringComparer.Ordinal);

    /// <summary>Preferences whose branches are kept.</summary>
    private const int MaxBranches = 64;

    /// <summary>Of <see cref="_nodes"/>, made anew when one comes or goes.</summary>
    private List<NodeInfo>? _all;

    /// <summary>Rises with every change of a node, of its counts or of what failed on it.</summary>
    internal long Version { get; private set; }

    /// <summary>In the order of the ids.</summary>
    internal IReadOnlyList<NodeInfo> All => _all ??= [.. _nodes.Values];

    internal void Clear()
    {
        _nodes.Clear();
        _orders.Clear();
        Regroup();
    }

    internal NodeInfo? Find(string id) => _nodes.GetValueOrDefault(id);

    /// <summary>Adds the node without tasks, or takes what its record says now. Answers it if it is new.</summary>
    internal NodeInfo? Set(Node node)
    {
        if (_nodes.TryGetValue(node.Id, out var known))
        {
            if (known.Node.Spec.Annotations.Labels != node.Spec.Annotations.Labels || known.Node.Description.EngineLabels != node.Description.EngineLabels)
            {
                _branches.Clear();
            }

            known.Node = node;
            Moved(known);
            return null;
        }

        var added = new NodeInfo(node, Moved);
        _nodes[node.Id] = added;
        Regroup();
        Moved(added);
        return added;
    }

    internal void Remove(string id)
    {
        if (_nodes.Remove(id, out var gone))
        {
            Regroup();
            foreach (var order in _orders.Values)
            {
                order.Remove(gone);
            }
        }
    }

    internal NodeOrder OrderBy(LoadKind kind)
    {
        if (!_orders.TryGetValue(kind, out var order))
        {
            _orders[kind] = order = new NodeOrder(kind);
            foreach (var node in _nodes.Values)
            {
                order.Moved(node);
            }
        }

        return order;
    }

    /// <summary>All nodes by the values that they have for the preferences.</summary>
    internal NodeBranches By(ImmutableArray<string> preferences)
    {
        var key = preferences.IsDefaultOrEmpty ? "" : string.Join('\0', preferences);
        if (!_branches.TryGetValue(key, out var branches))
        {
            if (_branches.Count >= MaxBranches)
            {
                _branches.Clear();
            }

            _branches[key] = branches = NodeBranches.Of(All, preferences);
        }

        return branches;
    }

    private void Regroup()
    {
        Version++;
        _all = null;
        _branches.Clear();
    }

    private void Moved(NodeInfo node)
    {
        Version++;
        foreach (var order in _orders.Values)
        {
            order.Moved(node);
        }
    }
}
