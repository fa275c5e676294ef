using Swarm.Manager.Dependencies;
using Swarm.Manager.Loops;
using Swarm.Manager.Scheduling.Filters;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Scheduling;

/// <summary>
/// Pending -> Assigned: chooses nodes for waiting tasks, those of the same service and spec together, so that the nodes are looked at once for all of
/// them. Its keys are such groups.
/// </summary>
internal sealed class SchedulingLoop : ControlLoop
{
    private readonly SortedDictionary<string, NodeInfo> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WaitingGroup> _groups = new(StringComparer.Ordinal);
    private readonly HashSet<NodeInfo> _freed = [];
    private readonly List<SwarmTask> _placed = [];
    private readonly Dependents _dependents = new();

    /// <summary>Of <see cref="_nodes"/>, made anew when one comes or goes.</summary>
    private List<NodeInfo>? _all;

    internal override string Name => "scheduler";

    internal override void Refused()
    {
        base.Refused();
        foreach (var task in _placed)
        {
            if (_nodes.TryGetValue(task.NodeId, out var node))
            {
                node.Remove(task.Id);
            }
        }
    }

    protected override void Begin(StoreView view)
    {
        _nodes.Clear();
        _groups.Clear();
        _freed.Clear();
        _placed.Clear();
        _all = null;
        foreach (var node in view.Nodes)
        {
            _nodes[node.Id] = new NodeInfo(node);
        }

        foreach (var task in view.Tasks)
        {
            Follow(null, task);
        }

        _dependents.Begin(view);
    }

    internal override void Observe(StoreCommit commit)
    {
        _freed.Clear();
        foreach (var change in commit.Changes)
        {
            switch (change.Object)
            {
                case Node node:
                    Follow(commit.View, change.New as Node, node.Id);
                    break;
                case SwarmTask:
                    Follow(change.Old as SwarmTask, change.New as SwarmTask);
                    break;
            }

            MarkWaiting(_dependents.Of(change));
        }

        if (_freed.Count > 0)
        {
            LookAgain();
        }
    }

    protected override void Decide(string key, StoreView view, ChangeBatch batch, DateTimeOffset now)
    {
        if (batch.IsEmpty)
        {
            _placed.Clear();
        }

        if (_groups.TryGetValue(key, out var group))
        {
            Place(group, view, batch, now);
        }
    }

    private void Place(WaitingGroup group, StoreView view, ChangeBatch batch, DateTimeOffset now)
    {
        var tasks = group.TaskIds.Select(view.Tasks.Find).OfType<SwarmTask>().Where(IsUnassigned);
        if (tasks.FirstOrDefault() is not { } first)
        {
            return;
        }

        if (view.Services.Find(first.ServiceId) is { } service && DependencyGate.Reason(view, service) is { } reason)
        {
            group.Stuck = null;
            foreach (var task in tasks.TakeWhile(_ => batch.HasRoom(1)).Where(task => task.Status.Error != reason))
            {
                batch.Update(task with { Status = task.Status with { Error = reason } });
            }

            return;
        }

        // Host ports may differ within a group only where a port is left to the node; the first task's needs stand for all.
        var filters = new FilterPipeline(new TaskNeeds(first));
        group.Stuck = null;
        var nodes = NodesFor(first);
        var spread = new Spread(first, nodes, filters, now);
        string? explanation = null;
        foreach (var task in tasks)
        {
            if (!batch.HasRoom(1))
            {
                return;
            }

            if (explanation is null && Next(spread, filters) is { } node)
            {
                var assigned = Assigned(task, node, now);
                batch.Update(assigned);
                _placed.Add(assigned);
                spread.Take(chosen => chosen.Set(assigned));
                continue;
            }

            group.Stuck = filters;
            explanation ??= filters.Explain(nodes);
            if (task.Status.Error != explanation)
            {
                batch.Update(task with { Status = task.Status with { Error = explanation } });
            }
        }
    }

    private static NodeInfo? Next(Spread spread, FilterPipeline filters)
    {
        while (spread.Best is { } best)
        {
            if (filters.Admits(best))
            {
                return best;
            }

            spread.Drop();
        }

        return null;
    }

    private static SwarmTask Assigned(SwarmTask task, NodeInfo node, DateTimeOffset now) => task with
    {
        NodeId = node.Node.Id,
        AssignedGeneric = node.ChooseGeneric(task.Spec.Reservations?.Generic ?? [])!.Value,
        Status = task.Status with { State = TaskState.Assigned, Timestamp = now, Message = "scheduler assigned task to node", Error = "" },
    };

    /// <summary>A global service's task stands on its node from the beginning: only whether it fits is asked.</summary>
    private List<NodeInfo> NodesFor(SwarmTask task) =>
        task.NodeId.Length == 0 ? _all ??= [.. _nodes.Values]
        : _nodes.TryGetValue(task.NodeId, out var own) ? [own]
        : [];

    private void Follow(SwarmTask? old, SwarmTask? now)
    {
        if (old is not null && IsUnassigned(old) && (now is null || !IsUnassigned(now)))
        {
            Forget(old);
        }

        if (now is not null && IsUnassigned(now))
        {
            // Its own explanation, just written, is no reason to try again.
            if (old is null || !IsUnassigned(old))
            {
                Await(now);
            }

            return;
        }

        if (old is not null && old.NodeId.Length > 0 && (now is null || now.NodeId != old.NodeId) && _nodes.TryGetValue(old.NodeId, out var left))
        {
            left.Remove(old.Id);
            _freed.Add(left);
        }

        if (now is null || now.NodeId.Length == 0 || !_nodes.TryGetValue(now.NodeId, out var node))
        {
            return;
        }

        // A preassigned task counts once it is really on its node.
        if (now.Status.State >= TaskState.Assigned)
        {
            node.Set(now);
        }

        if (now.Status.State.IsTerminal() || (now.DesiredState > TaskState.Running && old?.DesiredState <= TaskState.Running))
        {
            _freed.Add(node);
        }

        if (now.Status.State is TaskState.Failed or TaskState.Rejected && old?.Status.State != now.Status.State)
        {
            node.Failed(now);
        }
    }

    private void Follow(StoreView view, Node? node, string id)
    {
        if (node is null)
        {
            _nodes.Remove(id);
            _all = null;
        }
        else if (_nodes.TryGetValue(id, out var known))
        {
            known.Node = node;
        }
        else
        {
            var info = _nodes[id] = new NodeInfo(node);
            _all = null;
            foreach (var task in view.TasksOnNode(id).Where(task => task.Status.State >= TaskState.Assigned))
            {
                info.Set(task);
            }
        }

        // Also the explanations change with the nodes.
        foreach (var (key, group) in _groups)
        {
            if (group.Stuck is not null)
            {
                Mark(key);
            }
        }
    }

    private void Await(SwarmTask task)
    {
        var key = KeyOf(task);
        if (!_groups.TryGetValue(key, out var group))
        {
            _groups[key] = group = new WaitingGroup();
        }

        group.Add(task);
        Mark(key);
    }

    private void Forget(SwarmTask task)
    {
        var key = KeyOf(task);
        if (_groups.TryGetValue(key, out var group) && group.Remove(task))
        {
            _groups.Remove(key);
        }
    }

    /// <summary>Tasks left some nodes: what found no place looks again, if one of these would do.</summary>
    private void LookAgain()
    {
        foreach (var (key, group) in _groups)
        {
            if (group.Stuck is { } filters && _freed.Any(filters.Admits))
            {
                Mark(key);
            }
        }
    }

    /// <summary>What they wait for has changed.</summary>
    private void MarkWaiting(IEnumerable<string> services)
    {
        foreach (var service in services)
        {
            foreach (var key in _groups.Keys.Where(key => key.StartsWith(service + "\0", StringComparison.Ordinal)))
            {
                Mark(key);
            }
        }
    }

    private static string KeyOf(SwarmTask task) => $"{task.ServiceId}\0{task.SpecVersion}\0{task.NodeId}";

    private static bool IsUnassigned(SwarmTask task) => task.Status.State == TaskState.Pending && task.DesiredState <= TaskState.Running;
}
