using Swarm.Model;

namespace Swarm.Manager.Scheduling;

/// <summary>Tasks of one service and spec that have no node yet, by slot.</summary>
internal sealed class WaitingGroup
{
    private readonly SortedSet<(ulong Slot, string Id)> _tasks = new(BySlot.Instance);

    internal IEnumerable<string> TaskIds => _tasks.Select(task => task.Id);

    /// <summary>What a node must pass, if at the last look some found none that does.</summary>
    internal FilterPipeline? Stuck { get; set; }

    internal void Add(SwarmTask task) => _tasks.Add((task.Slot, task.Id));

    /// <summary>Answers whether that was the last one.</summary>
    internal bool Remove(SwarmTask task)
    {
        _tasks.Remove((task.Slot, task.Id));
        return _tasks.Count == 0;
    }

    private sealed class BySlot : IComparer<(ulong Slot, string Id)>
    {
        internal static readonly BySlot Instance = new();

        public int Compare((ulong Slot, string Id) x, (ulong Slot, string Id) y) =>
            x.Slot != y.Slot ? x.Slot.CompareTo(y.Slot) : string.CompareOrdinal(x.Id, y.Id);
    }
}
