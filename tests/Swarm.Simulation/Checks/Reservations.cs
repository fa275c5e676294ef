using Swarm.Model;
using Swarm.Store;

namespace Swarm.Simulation.Checks;

/// <summary>What tasks reserve of their nodes.</summary>
internal static class Reservations
{
    /// <summary>Bytes that no task on the node reserves; negative if more is reserved than there is.</summary>
    internal static long FreeMemory(StoreView view, Node node) => node.Description.Resources.MemoryBytes - view.TasksOnNode(node.Id)
        .Where(task => task.Status.State is >= TaskState.Assigned and <= TaskState.Running).Sum(task => task.Spec.Reservations?.MemoryBytes ?? 0);
}
