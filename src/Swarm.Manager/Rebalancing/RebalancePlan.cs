using Swarm.Manager.Loops;
using Swarm.Manager.Scheduling;
using Swarm.Manager.Scheduling.Filters;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Rebalancing;

/// <summary>A task that should do its work on another node.</summary>
/// <param name="Task">As it runs now.</param>
/// <param name="ToNodeId">Where the scheduler would put its successor today.</param>
public sealed record TaskMove(SwarmTask Task, string ToNodeId);

/// <summary>
/// Which running tasks of a service should move so that no node, and no branch of its placement preferences, has two more of them than another that may
/// take one. It is the scheduler's own choice of nodes, played forward on a copy of its counts.
/// </summary>
internal sealed class RebalancePlan
{
    private readonly Dictionary<string, NodeInfo> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Stack<SwarmTask>> _movable;
    private readonly Dictionary<string, int> _branches = new(StringComparer.Ordinal);
    private readonly SwarmTask _example;
    private readonly DateTimeOffset _now;

    private RebalancePlan(StoreView view, IEnumerable<SwarmTask> running, DateTimeOffset now)
    {
        _now = now;
        foreach (var node in view.Nodes)
        {
            var info = _nodes[node.Id] = new NodeInfo(node);
            foreach (var task in view.TasksOnNode(node.Id).Where(task => task.Status.State >= TaskState.Assigned))
            {
                info.Set(task);
            }
        }

        // The newest of a node goes first: it has done the least.
        _movable = running.GroupBy(task => task.NodeId).ToDictionary(
            group => group.Key,
            group => new Stack<SwarmTask>(group.OrderBy(task => task.Meta.CreatedAt).ThenBy(task => task.Slot)));
        _example = _movable.Values.First().Peek() with { NodeId = "" };
    }

    /// <param name="most">Moves at most; more than 0.</param>
    internal static IReadOnlyList<TaskMove> Of(StoreView view, Service service, int most, DateTimeOffset now)
    {
        var running = view.TasksOfService(service.Id)
            .Where(task => task is { DesiredState: TaskState.Running, Status.State: TaskState.Running, IsLeaving: false } && !NodeHealth.IsLost(view.Nodes.Find(task.NodeId)))
            .ToList();
        return running.Count == 0 ? [] : [.. new RebalancePlan(view, running, now).Moves().Take(most)];
    }

    private IEnumerable<TaskMove> Moves()
    {
        var filters = new FilterPipeline(new TaskNeeds(_example));
        var nodes = NodeBranches.Of([.. _nodes.Values], _example.Spec.Placement.SpreadOver);
        while (true)
        {
            CountBranches();
            var spread = new Spread(_example, nodes, filters, _now);
            if (spread.Best is not { } target || Crowded().FirstOrDefault(node => Relieves(node, target)) is not { } source)
            {
                yield break;
            }

            var task = _movable[source.Node.Id].Pop();
            source.Remove(task.Id);
            target.Set(task with { NodeId = target.Node.Id });
            yield return new TaskMove(task, target.Node.Id);
        }
    }

    /// <summary>Nodes with something to move, those in the fullest branches first.</summary>
    private IEnumerable<NodeInfo> Crowded() => _nodes.Values
        .Where(node => _movable.TryGetValue(node.Node.Id, out var tasks) && tasks.Count > 0)
        .OrderByDescending(node => Counts(node).ToArray(), CountOrder.Instance)
        .ThenBy(node => node.Node.Id, StringComparer.Ordinal);

    /// <summary>A move levels if, where the two part, the one has at least two more than the other: with one more they would only change places.</summary>
    private bool Relieves(NodeInfo source, NodeInfo target)
    {
        var (from, to) = (Path(source).ToList(), Path(target).ToList());
        for (var level = 0; level < from.Count; level++)
        {
            if (from[level] != to[level])
            {
                return _branches[from[level]] >= _branches[to[level]] + 2;
            }
        }

        return source.ActiveOf(_example.ServiceId) >= target.ActiveOf(_example.ServiceId) + 2;
    }

    private IEnumerable<int> Counts(NodeInfo node) => Path(node).Select(branch => _branches[branch]).Append(node.ActiveOf(_example.ServiceId));

    private void CountBranches()
    {
        _branches.Clear();
        foreach (var node in _nodes.Values)
        {
            foreach (var branch in Path(node))
            {
                _branches[branch] = _branches.GetValueOrDefault(branch) + node.ActiveOf(_example.ServiceId);
            }
        }
    }

    /// <summary>The branches that a node is in, outermost first, each named with those around it.</summary>
    private IEnumerable<string> Path(NodeInfo node)
    {
        var path = "";
        foreach (var value in NodeBranches.PathOf(_example.Spec.Placement.SpreadOver, node.Node))
        {
            yield return path += "\0" + value;
        }
    }

    private sealed class CountOrder : IComparer<int[]>
    {
        internal static readonly CountOrder Instance = new();

        public int Compare(int[]? x, int[]? y) => x.AsSpan().SequenceCompareTo(y);
    }
}
