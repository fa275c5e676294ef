using Swarm.Model;

namespace Swarm.Manager.Scheduling;

/// <summary>
/// All nodes in the order of <see cref="Rank"/>, as far as it does not depend on the service: by what is reserved of them, by their tasks, by id. A service
/// that has no task on a node yet takes the first that will do, and need not look at the others.
/// </summary>
/// <param name="kind">What counts as reserved.</param>
internal sealed class NodeOrder(LoadKind kind)
{
    private readonly SortedSet<(int Load, int Active, NodeInfo Node)> _sorted = new(ByPlace.Instance);
    private readonly Dictionary<NodeInfo, (int Load, int Active)> _places = [];
    private readonly HashSet<NodeInfo> _moved = [];

    /// <summary>It came, or its counts or capacity changed.</summary>
    internal void Moved(NodeInfo node) => _moved.Add(node);

    internal void Remove(NodeInfo node)
    {
        _moved.Remove(node);
        if (_places.Remove(node, out var place))
        {
            _sorted.Remove((place.Load, place.Active, node));
        }
    }

    /// <summary>The first nodes that <paramref name="suits"/>, in order.</summary>
    /// <param name="most">Nodes at most.</param>
    internal List<NodeInfo> First(int most, Func<NodeInfo, bool> suits)
    {
        Sort();
        var found = new List<NodeInfo>();
        foreach (var (_, _, node) in _sorted)
        {
            if (found.Count == most)
            {
                break;
            }

            if (suits(node))
            {
                found.Add(node);
            }
        }

        return found;
    }

    private void Sort()
    {
        foreach (var node in _moved)
        {
            var place = (kind.Of(node), node.Active);
            if (!_places.TryGetValue(node, out var before))
            {
                _sorted.Add((place.Item1, place.Active, node));
            }
            else if (before != place)
            {
                _sorted.Remove((before.Load, before.Active, node));
                _sorted.Add((place.Item1, place.Active, node));
            }

            _places[node] = place;
        }

        _moved.Clear();
    }

    private sealed class ByPlace : IComparer<(int Load, int Active, NodeInfo Node)>
    {
        internal static readonly ByPlace Instance = new();

        public int Compare((int Load, int Active, NodeInfo Node) x, (int Load, int Active, NodeInfo Node) y) =>
            x.Load != y.Load ? x.Load.CompareTo(y.Load)
            : x.Active != y.Active ? x.Active.CompareTo(y.Active)
            : string.CompareOrdinal(x.Node.Id, y.Node.Id);
    }
}
