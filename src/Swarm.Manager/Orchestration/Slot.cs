using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Orchestration;

/// <summary>Where one task of a service runs at a time: a number (replicated) or a node (global).</summary>
internal readonly record struct SlotKey(ulong Number, string NodeId) : IComparable<SlotKey>
{
    internal static SlotKey Of(SwarmTask task, ServiceMode mode) => mode.IsPerNode() ? new(0, task.NodeId) : new(task.Slot, "");

    public int CompareTo(SlotKey other) =>
        Number != other.Number ? Number.CompareTo(other.Number) : string.CompareOrdinal(NodeId, other.NodeId);
}

/// <summary>The tasks of one slot, oldest first, without those that are being removed.</summary>
internal sealed record Slot(SlotKey Key, IReadOnlyList<SwarmTask> Tasks)
{
    /// <summary>Those that should run, or wait to.</summary>
    internal IReadOnlyList<SwarmTask> Live { get; } = [.. Tasks.Where(task => task.DesiredState <= TaskState.Running)];

    internal SwarmTask Newest => Tasks[^1];

    internal bool HasRunning => Live.Any(task => task.Status.State == TaskState.Running);

    internal static SortedDictionary<SlotKey, Slot> Of(StoreView view, Service service) => new(view.TasksOfService(service.Id)
        .Where(task => task.DesiredState != TaskState.Remove)
        .GroupBy(task => SlotKey.Of(task, service.Spec.Mode))
        .ToDictionary(
            slot => slot.Key,
            slot => new Slot(slot.Key, [.. slot.OrderBy(task => task.Meta.CreatedAt).ThenBy(task => task.Id, StringComparer.Ordinal)])));
}
