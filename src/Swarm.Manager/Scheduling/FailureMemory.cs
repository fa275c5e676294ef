using Swarm.Model;

namespace Swarm.Manager.Scheduling;

/// <summary>Which tasks failed on a node of late. It is rebuilt from the tasks that the store keeps, so a new leader knows the same.</summary>
internal sealed class FailureMemory
{
    /// <summary>So many tasks of one service and spec that failed within <see cref="Window"/> make the node faulty for more of them.</summary>
    internal const int FaultyAfter = 5;

    /// <summary>Specs remembered at most; past it, those without a failure in the window are forgotten.</summary>
    private const int MaxSpecs = 256;

    internal static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    /// <summary>The newest failures of each, newest last, by the managers' clock: nodes' clocks may differ by hours.</summary>
    private readonly Dictionary<(string ServiceId, long SpecVersion), List<DateTimeOffset>> _failures = [];

    internal void Add(SwarmTask task)
    {
        var key = (task.ServiceId, task.SpecVersion);
        if (!_failures.TryGetValue(key, out var times))
        {
            Forget(task.Meta.UpdatedAt);
            _failures[key] = times = new List<DateTimeOffset>(FaultyAfter);
        }

        times.Add(task.Meta.UpdatedAt);
        times.Sort();
        if (times.Count > FaultyAfter)
        {
            times.RemoveAt(0);
        }
    }

    /// <summary>Whether tasks of this service and spec keep failing here.</summary>
    internal bool IsFaulty(SwarmTask task, DateTimeOffset now) =>
        _failures.Count > 0 && _failures.TryGetValue((task.ServiceId, task.SpecVersion), out var times)
        && times.Count == FaultyAfter && times[0] > now - Window;

    private void Forget(DateTimeOffset now)
    {
        if (_failures.Count < MaxSpecs)
        {
            return;
        }

        foreach (var (key, times) in _failures)
        {
            if (times[^1] <= now - Window)
            {
                _failures.Remove(key);
            }
        }
    }
}
