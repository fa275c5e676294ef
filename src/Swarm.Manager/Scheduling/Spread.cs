using Swarm.Model;

namespace Swarm.Manager.Scheduling;

/// <summary>
/// Chooses among the nodes that may take a task: at each placement preference the branch with the fewest tasks of the service, and in the last branch
/// the node that <see cref="Rank"/> puts first. The same store gives the same plan. A placement costs the logarithm of the nodes.
/// </summary>
internal sealed class Spread
{
    private readonly Branch _root;

    /// <param name="task">One of those that will be placed; they are alike.</param>
    /// <param name="nodes">All that the branches count, by the task's placement preferences.</param>
    /// <param name="filters">Which of them may take such a task at all.</param>
    internal Spread(SwarmTask task, NodeBranches nodes, FilterPipeline filters, DateTimeOffset now)
    {
        _root = new Branch(nodes, task, filters, now);
    }

    /// <summary>Where the next one goes; null: nowhere.</summary>
    internal NodeInfo? Best => _root.Best;

    /// <summary><see cref="Best"/> takes no more of these tasks.</summary>
    internal void Drop() => _root.Drop();

    /// <summary>Places one on <see cref="Best"/>: <paramref name="place"/> changes that node's counts.</summary>
    internal void Take(Action<NodeInfo> place) => _root.Take(place);

    /// <summary>All nodes that agree in the preferences so far. Only the best is ever changed or taken out, so a heap keeps the order.</summary>
    private sealed class Branch
    {
        private readonly SwarmTask _task;
        private readonly DateTimeOffset _now;
        private readonly PriorityQueue<NodeInfo, Rank> _nodes = new();
        private readonly PriorityQueue<Branch, Branches> _branches = new();
        private int _tasks;

        internal Branch(NodeBranches of, SwarmTask task, FilterPipeline filters, DateTimeOffset now)
        {
            _task = task;
            _now = now;
            Value = of.Value;
            foreach (var inner in of.Branches)
            {
                var branch = new Branch(inner, task, filters, now);
                _tasks += branch._tasks;
                if (branch.Best is not null)
                {
                    _branches.Enqueue(branch, branch.Place);
                }
            }

            var ranked = new List<(NodeInfo, Rank)>(of.Nodes.Count);
            foreach (var node in of.Nodes)
            {
                // Also what runs where no more may go: a branch is as full as it is.
                _tasks += node.ActiveOf(task.ServiceId);
                if (filters.Admits(node))
                {
                    ranked.Add((node, RankOf(node)));
                }
            }

            _nodes.EnqueueRange(ranked);
        }

        internal NodeInfo? Best => _nodes.TryPeek(out var node, out _) ? node : _branches.TryPeek(out var branch, out _) ? branch.Best : null;

        private string Value { get; }

        private Branches Place => new(_tasks, Value);

        internal void Take(Action<NodeInfo> place)
        {
            _tasks++;
            if (_nodes.TryPeek(out var node, out _))
            {
                place(node);
                _nodes.DequeueEnqueue(node, RankOf(node));
            }
            else
            {
                var branch = _branches.Peek();
                branch.Take(place);
                _branches.DequeueEnqueue(branch, branch.Place);
            }
        }

        internal void Drop()
        {
            if (_nodes.TryDequeue(out _, out _))
            {
                return;
            }

            _branches.Peek().Drop();
            if (_branches.Peek().Best is null)
            {
                _branches.Dequeue();
            }
        }

        private Rank RankOf(NodeInfo node) => Rank.Of(node, _task, _now);
    }

    private readonly record struct Branches(int Tasks, string Value) : IComparable<Branches>
    {
        public int CompareTo(Branches other) => Tasks != other.Tasks ? Tasks.CompareTo(other.Tasks) : string.CompareOrdinal(Value, other.Value);
    }
}
