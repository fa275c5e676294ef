using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Loops;

/// <summary>What the loops agree on about tasks and the nodes they are on.</summary>
internal static class NodeHealth
{
    /// <summary>The node is no more, or was silent for longer than the grace: whatever runs there can not be reached.</summary>
    internal static bool IsLost(Node? node) => node is null || node.Status.State == NodeState.Down;

    internal static bool IsDrained(Node node) => node.Spec.Availability == NodeAvailability.Drain;

    /// <summary>Nothing of the task runs, or nothing that can be reached: its slot may run another.</summary>
    internal static bool IsStopped(StoreView view, SwarmTask task) =>
        task.Status.State.IsTerminal() || task.Status.State < TaskState.Assigned || IsLost(view.Nodes.Find(task.NodeId));

    /// <summary>It ended without being told to.</summary>
    internal static bool EndedByItself(SwarmTask task) =>
        task.Status.State is TaskState.Complete or TaskState.Failed or TaskState.Rejected;

    internal static bool MattersToTasks(Node? old, Node? now) =>
        old is null || now is null || old.Status.State != now.Status.State || !ReferenceEquals(old.Spec, now.Spec) && !Codec.Same(old.Spec, now.Spec);
}
