using Swarm.Model;

namespace Swarm.Manager.Scheduling;

/// <summary>What tasks that wait together have in common.</summary>
/// <param name="NodeId">Of a global service's task, which stands on its node from the beginning; else empty.</param>
internal readonly record struct GroupKey(string ServiceId, long SpecVersion, string NodeId)
{
    internal static GroupKey Of(SwarmTask task) => new(task.ServiceId, task.SpecVersion, task.NodeId);

    public override string ToString() => $"{ServiceId}\0{SpecVersion}\0{NodeId}";
}

/// <summary>Tasks of one service and spec that have no node yet, by slot.</summary>
internal sealed class WaitingGroup(GroupKey key)
{
    private readonly SortedSet<SwarmTask> _tasks = new(BySlot.Instance);

    internal GroupKey Key { get; } = key;

    /// <summary>By which the loop marks it.</summary>
    internal string Mark { get; } = key.ToString();

    /// <summary>As they were last committed.</summary>
    internal IReadOnlyCollection<SwarmTask> Tasks => _tasks;

    /// <summary>What a node must pass, if at the last look some found none that does.</summary>
    internal FilterPipeline? Stuck { get; set; }

    /// <summary>Where the group's next tasks go, left by a batch that was full before them; good as long as the nodes are what they were.</summary>
    internal (Spread Spread, long NodesVersion)? Plan { get; set; }

    /// <summary>Adds the task, or takes it as it is now.</summary>
    internal void Set(SwarmTask task)
    {
        _tasks.Remove(task);
        _tasks.Add(task);
    }

    /// <summary>Answers whether that was the last one.</summary>
    internal bool Remove(SwarmTask task)
    {
        _tasks.Remove(task);
        return _tasks.Count == 0;
    }

    private sealed class BySlot : IComparer<SwarmTask>
    {
        internal static readonly BySlot Instance = new();

        public int Compare(SwarmTask? x, SwarmTask? y) => x!.Slot != y!.Slot ? x.Slot.CompareTo(y.Slot) : string.CompareOrdinal(x.Id, y.Id);
    }
}
