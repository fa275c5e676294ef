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
    private readonly NodeTable _nodes = new();
    private readonly Dictionary<GroupKey, WaitingGroup> _groups = [];
    private readonly Dictionary<string, WaitingGroup> _groupsByMark = new(StringComparer.Ordinal);
    private readonly HashSet<NodeInfo> _freed = [];
    private readonly List<SwarmTask> _placed = [];
    private readonly Dependents _dependents = new();

    internal override string Name => "scheduler";

    internal override void Refused()
    {
        base.Refused();
        foreach (var task in _placed)
        {
            _nodes.Find(task.NodeId)?.Remove(task.Id);
        }
    }

    protected override void Begin(StoreView view)
    {
        _nodes.Clear();
        _groups.Clear();
        _groupsByMark.Clear();
        _freed.Clear();
        _placed.Clear();
        foreach (var node in view.Nodes)
        {
            _nodes.Set(node);
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

        if (_groupsByMark.TryGetValue(key, out var group))
        {
            Place(group, view, batch, now);
        }
    }

    private void Place(WaitingGroup group, StoreView view, ChangeBatch batch, DateTimeOffset now)
    {
        group.Stuck = null;
        if (view.Services.Find(group.Key.ServiceId) is { } service && DependencyGate.Reason(view, service) is { } reason)
        {
            foreach (var task in group.Tasks.TakeWhile(_ => batch.HasRoom(1)).Where(task => task.Status.Error != reason))
            {
                Explain(task, reason, batch);
            }

            return;
        }

        // Host ports may differ within a group only where a port is left to the node; the first task's needs stand for all.
        var first = group.Tasks.First();
        var filters = new FilterPipeline(new TaskNeeds(first));
        var nodes = NodesFor(first);
        var unused = Unused(first, filters, Math.Min(group.Tasks.Count, batch.Room), now);
        var spread = unused.Count == 0 && group.Plan is { } plan && plan.NodesVersion == _nodes.Version ? plan.Spread : null;
        group.Plan = null;
        string? explanation = null;
        var placed = 0;
        foreach (var task in group.Tasks)
        {
            if (!batch.HasRoom(1))
            {
                group.Plan = spread is null ? null : (spread, _nodes.Version);
                return;
            }

            if (placed < unused.Count)
            {
                Assign(task, unused[placed++], batch, now);
                continue;
            }

            if (explanation is null && Next(spread ??= new Spread(first, BranchesFor(first), filters, now), filters) is { } node)
            {
                spread.Take(_ => Assign(task, node, batch, now));
                continue;
            }

            group.Stuck = filters;
            explanation ??= filters.Explain(nodes);
            if (task.Status.Error != explanation)
            {
                Explain(task, explanation, batch);
            }
        }
    }

    /// <summary>
    /// The nodes that the first tasks of the group go to, in order, as far as these are nodes that have none of the service yet: they rank before all
    /// others, among themselves as every service ranks them.
    /// </summary>
    /// <param name="most">Nodes at most.</param>
    private List<NodeInfo> Unused(SwarmTask first, FilterPipeline filters, int most, DateTimeOffset now)
    {
        if (first.NodeId.Length > 0 || !first.Spec.Placement.SpreadOver.IsDefaultOrEmpty)
        {
            return [];
        }

        return _nodes.OrderBy(LoadKind.Of(first.Spec.Reservations)).First(
            most,
            node => node.ActiveOf(first.ServiceId) == 0 && !node.IsFaulty(first, now) && filters.Admits(node));
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

    private void Assign(SwarmTask task, NodeInfo node, ChangeBatch batch, DateTimeOffset now)
    {
        var assigned = task with
        {
            NodeId = node.Id,
            AssignedGeneric = node.ChooseGeneric(task.Spec.Reservations?.Generic ?? [])!.Value,
            Status = task.Status with { State = TaskState.Assigned, Timestamp = now, Message = "scheduler assigned task to node", Error = "" },
        };
        batch.Update(assigned);
        _placed.Add(assigned);
        node.Set(assigned);
    }

    private static void Explain(SwarmTask task, string reason, ChangeBatch batch) => batch.Update(task with { Status = task.Status with { Error = reason } });

    /// <summary>A global service's task stands on its node from the beginning: only whether it fits is asked.</summary>
    private IReadOnlyList<NodeInfo> NodesFor(SwarmTask task) =>
        task.NodeId.Length == 0 ? _nodes.All
        : _nodes.Find(task.NodeId) is { } own ? [own]
        : [];

    private NodeBranches BranchesFor(SwarmTask task) =>
        task.NodeId.Length == 0 ? _nodes.By(task.Spec.Placement.SpreadOver) : NodeBranches.Of(NodesFor(task), task.Spec.Placement.SpreadOver);

    private void Follow(SwarmTask? old, SwarmTask? now)
    {
        if (old is not null && IsUnassigned(old) && (now is null || !IsUnassigned(now)))
        {
            Forget(old);
        }

        if (now is not null && IsUnassigned(now))
        {
            Await(now, isNew: old is null || !IsUnassigned(old));
            return;
        }

        if (old is not null && old.NodeId.Length > 0 && (now is null || now.NodeId != old.NodeId) && _nodes.Find(old.NodeId) is { } left)
        {
            left.Remove(old.Id);
            _freed.Add(left);
        }

        if (now is null || now.NodeId.Length == 0 || _nodes.Find(now.NodeId) is not { } node)
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

        if (now.Status is { State: TaskState.Failed or TaskState.Rejected, EndUnseen: false } && old?.Status.State != now.Status.State)
        {
            node.Failed(now);
        }
    }

    private void Follow(StoreView view, Node? node, string id)
    {
        if (node is null)
        {
            _nodes.Remove(id);
        }
        else if (_nodes.Set(node) is { } added)
        {
            foreach (var task in view.TasksOnNode(id).Where(task => task.Status.State >= TaskState.Assigned))
            {
                added.Set(task);
            }
        }

        // Also the explanations change with the nodes.
        foreach (var group in _groups.Values)
        {
            if (group.Stuck is not null)
            {
                Mark(group.Mark);
            }
        }
    }

    private void Await(SwarmTask task, bool isNew)
    {
        var key = GroupKey.Of(task);
        if (!_groups.TryGetValue(key, out var group))
        {
            _groups[key] = group = new WaitingGroup(key);
            _groupsByMark[group.Mark] = group;
        }

        group.Set(task);

        // Its own explanation, just written, is no reason to try again.
        if (isNew)
        {
            Mark(group.Mark);
        }
    }

    private void Forget(SwarmTask task)
    {
        var key = GroupKey.Of(task);
        if (_groups.TryGetValue(key, out var group) && group.Remove(task))
        {
            _groups.Remove(key);
            _groupsByMark.Remove(group.Mark);
        }
    }

    /// <summary>Tasks left some nodes: what found no place looks again, if one of these would do.</summary>
    private void LookAgain()
    {
        foreach (var group in _groups.Values)
        {
            if (group.Stuck is { } filters && _freed.Any(filters.Admits))
            {
                Mark(group.Mark);
            }
        }
    }

    /// <summary>What they wait for has changed.</summary>
    private void MarkWaiting(IEnumerable<string> services)
    {
        foreach (var service in services)
        {
            foreach (var group in _groups.Values.Where(group => group.Key.ServiceId == service))
            {
                Mark(group.Mark);
            }
        }
    }

    private static bool IsUnassigned(SwarmTask task) => task.Status.State == TaskState.Pending && task.DesiredState <= TaskState.Running;
}
