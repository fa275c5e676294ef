using Swarm.Manager.Loops;
using Swarm.Manager.Scheduling.Filters;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Scheduling;

/// <summary>Pending -> Assigned: chooses nodes for all waiting tasks in one pass, tasks of the same service and spec together.</summary>
internal sealed class SchedulingLoop : ControlLoop
{
    private readonly FilterPipeline _pipeline = new();
    private readonly SortedDictionary<string, NodeInfo> _nodes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _waiting = new(StringComparer.Ordinal);
    private readonly HashSet<string> _candidates = new(StringComparer.Ordinal);
    private readonly List<SwarmTask> _placed = [];

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
        _waiting.Clear();
        foreach (var node in view.Nodes)
        {
            _nodes[node.Id] = new NodeInfo(node);
        }

        foreach (var task in view.Tasks)
        {
            Follow(null, task);
        }
    }

    internal override void Observe(StoreCommit commit)
    {
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
        }
    }

    protected override void Decide(string key, StoreView view, ChangeBatch batch, DateTimeOffset now) => _candidates.Add(key);

    protected override void Finish(StoreView view, ChangeBatch batch, DateTimeOffset now)
    {
        _placed.Clear();
        var tasks = _candidates.Select(view.Tasks.Find).OfType<SwarmTask>().Where(IsUnassigned);
        foreach (var group in tasks.GroupBy(task => (task.ServiceId, task.SpecVersion, task.NodeId)).OrderBy(group => group.Key))
        {
            Place([.. group.OrderBy(task => task.Slot).ThenBy(task => task.Id, StringComparer.Ordinal)], batch, now);
        }

        _candidates.Clear();
    }

    private void Place(List<SwarmTask> group, ChangeBatch batch, DateTimeOffset now)
    {
        var needs = new TaskNeeds(group[0]);
        var nodes = group[0].NodeId.Length == 0 ? [.. _nodes.Values] : _nodes.Values.Where(node => node.Node.Id == group[0].NodeId).ToList();
        var spread = new Spread(group[0], nodes.Where(node => _pipeline.Admits(needs, node)));
        string? explanation = null;
        foreach (var task in group)
        {
            if (!batch.HasRoom(1))
            {
                Mark(task.Id);
                continue;
            }

            // Host ports may differ within a group only where a port is left to the node; the first task's needs stand for all.
            var node = explanation is null ? spread.Best : null;
            while (node is not null && !_pipeline.Admits(needs, node))
            {
                spread.Drop(node);
                node = spread.Best;
            }

            if (node is null)
            {
                explanation ??= _pipeline.Explain(needs, nodes);
                Wait(task, explanation, batch);
                continue;
            }

            var status = task.Status with { State = TaskState.Assigned, Timestamp = now, Message = "scheduler assigned task to node", Error = "" };
            var assigned = task with { NodeId = node.Node.Id, Status = status };
            batch.Update(assigned);
            _placed.Add(assigned);
            spread.Take(node, chosen => chosen.Set(assigned));
        }
    }

    private void Wait(SwarmTask task, string explanation, ChangeBatch batch)
    {
        _waiting.Add(task.Id);
        if (task.Status.Error != explanation)
        {
            batch.Update(task with { Status = task.Status with { Error = explanation } });
        }
    }

    private void Follow(SwarmTask? old, SwarmTask? now)
    {
        var id = (now ?? old)!.Id;
        if (now is not null && IsUnassigned(now))
        {
            // Its own explanation, just written, is no reason to try again.
            if (old is null || !IsUnassigned(old))
            {
                Mark(id);
            }

            return;
        }

        _waiting.Remove(id);
        if (old is not null && old.NodeId.Length > 0 && (now is null || now.NodeId != old.NodeId) && _nodes.TryGetValue(old.NodeId, out var left))
        {
            left.Remove(id);
            Retry();
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
            Retry();
        }
    }

    private void Follow(StoreView view, Node? node, string id)
    {
        if (node is null)
        {
            _nodes.Remove(id);
        }
        else if (_nodes.TryGetValue(id, out var known))
        {
            known.Node = node;
        }
        else
        {
            var info = _nodes[id] = new NodeInfo(node);
            foreach (var task in view.TasksOnNode(id).Where(task => task.Status.State >= TaskState.Assigned))
            {
                info.Set(task);
            }
        }

        Retry();
    }

    /// <summary>Something was freed or changed: tasks that found no node look again.</summary>
    private void Retry()
    {
        foreach (var id in _waiting)
        {
            Mark(id);
        }

        _waiting.Clear();
    }

    private static bool IsUnassigned(SwarmTask task) => task.Status.State == TaskState.Pending && task.DesiredState <= TaskState.Running;
}
