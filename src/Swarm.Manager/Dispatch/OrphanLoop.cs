using Swarm.Manager.Loops;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Dispatch;

/// <summary>Tasks of a node that was removed, or silent for too long, are Orphaned: nobody will ever tell how they ended.</summary>
internal sealed class OrphanLoop : ControlLoop
{
    /// <summary>As in swarmkit.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromHours(24);

    internal override string Name => "orphan finder";

    protected override void Begin(StoreView view)
    {
        foreach (var node in view.Nodes.Where(node => node.Status.State == NodeState.Down))
        {
            Mark(node.Id);
        }

        foreach (var task in view.Tasks.Where(task => task.NodeId.Length > 0 && view.Nodes.Find(task.NodeId) is null))
        {
            Mark(task.NodeId);
        }
    }

    internal override void Observe(StoreCommit commit)
    {
        foreach (var change in commit.Changes)
        {
            if (change.Object is Node node && (change.New is null || node.Status.State == NodeState.Down))
            {
                Mark(node.Id);
            }
            else if (change.New is SwarmTask { NodeId.Length: > 0 } task && commit.View.Nodes.Find(task.NodeId) is null)
            {
                Mark(task.NodeId);
            }
        }
    }

    protected override void Decide(string key, StoreView view, ChangeBatch batch, DateTimeOffset now)
    {
        if (view.Nodes.Find(key) is { } node)
        {
            if (node.Status.State != NodeState.Down)
            {
                return;
            }

            // The record of a node that is Down moves when a user edits it, which only lengthens the wait.
            var left = node.Meta.UpdatedAt + Patience - now;
            if (left > TimeSpan.Zero)
            {
                MarkIn(key, left);
                return;
            }
        }

        foreach (var task in view.TasksOnNode(key).Where(task => task.Status.State is >= TaskState.Assigned and <= TaskState.Running))
        {
            batch.Update(task with
            {
                Status = task.Status with { State = TaskState.Orphaned, Timestamp = now, Message = "orphaned", Error = "the node is gone" },
            });
        }
    }
}
