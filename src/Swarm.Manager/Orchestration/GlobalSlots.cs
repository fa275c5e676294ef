using Swarm.Manager.Loops;
using Swarm.Manager.Restart;
using Swarm.Manager.Scheduling;
using Swarm.Manager.Scheduling.Filters;
using Swarm.Model;

namespace Swarm.Manager.Orchestration;

/// <summary>One slot on every node that the service's constraints and platforms admit. A silent node keeps its task: it may come back with it.</summary>
internal static class GlobalSlots
{
    internal static void Apply(ServicePass pass)
    {
        var admits = NodesOf(pass);
        var kept = new HashSet<SlotKey>();
        foreach (var node in pass.View.Nodes)
        {
            var key = new SlotKey(0, node.Id);
            pass.Slots.TryGetValue(key, out var slot);
            if (!admits(node))
            {
                continue;
            }

            kept.Add(key);
            if (slot is { Live.Count: > 0 } || (slot is not null && IsExhausted(pass, slot)))
            {
                pass.Kept.Add(slot);
            }
            else if (MayStart(pass, node))
            {
                pass.Start(key, TaskState.Running);
            }
        }

        foreach (var (key, slot) in pass.Slots)
        {
            if (!kept.Contains(key))
            {
                foreach (var task in slot.Live)
                {
                    pass.Desire(task, TaskState.Shutdown);
                }
            }
        }
    }

    /// <summary>Whether a node is one of those that such a service runs on.</summary>
    internal static Func<Node, bool> NodesOf(ServicePass pass)
    {
        var placement = pass.Service.Spec.Task.Placement;
        var constraints = Constraint.Parse(placement.Constraints, out _) ?? [];
        return node => !NodeHealth.IsDrained(node) && constraints.All(one => one.IsSatisfiedBy(node)) && PlatformFilter.Admits(placement.Platforms, node);
    }

    internal static bool MayStart(ServicePass pass, Node node) =>
        node.Status.State == NodeState.Ready && node.Spec.Availability == NodeAvailability.Active && IsFree(pass, node.Id);

    private static bool IsExhausted(ServicePass pass, Slot slot) =>
        NodeHealth.EndedByItself(slot.Newest) && !pass.HasDrifted(slot.Newest)
        && !RestartRules.Allows(pass.Service.Spec.Task.Restart, slot.Newest, slot.Tasks);

    private static bool IsFree(ServicePass pass, string nodeId) =>
        pass.View.TasksOnNode(nodeId).All(task => task.ServiceId != pass.Service.Id || pass.IsStopped(task));
}
