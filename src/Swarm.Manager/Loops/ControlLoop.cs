using Swarm.Store;

namespace Swarm.Manager.Loops;

/// <summary>
/// A control loop: hears every commit, marks the keys (services, tasks) that it should look at, and decides on them from one view. It is driven
/// by <see cref="ControlLoopRunner"/>, by one flow at a time, and holds nothing that a new view could not give it again.
/// </summary>
internal abstract class ControlLoop
{
    private readonly SortedSet<string> _marked = new(StringComparer.Ordinal);
    private readonly List<string> _decided = [];
    private readonly PriorityQueue<string, TimeSpan> _deadlines = new();
    private TimeSpan _elapsed;

    internal abstract string Name { get; }

    /// <summary>When a key wants to be looked at again, on the runner's steady clock: a jump of the wall clock must not delay it.</summary>
    internal TimeSpan? NextDeadline => _deadlines.TryPeek(out _, out var at) ? at : null;

    /// <summary>Something outside the store to look at, for a loop that has such; see <see cref="Signalled"/>.</summary>
    internal virtual Signal? Signal => null;

    internal void Reset(StoreView view, TimeSpan elapsed)
    {
        _elapsed = elapsed;
        _marked.Clear();
        _decided.Clear();
        _deadlines.Clear();
        Begin(view);
    }

    internal void Decide(StoreView view, ChangeBatch batch, DateTimeOffset now, TimeSpan elapsed)
    {
        _elapsed = elapsed;
        while (_deadlines.TryPeek(out var due, out var at) && at <= elapsed)
        {
            _deadlines.Dequeue();
            _marked.Add(due);
        }

        _decided.Clear();
        while (_marked.Min is { } key && !batch.Overflowed)
        {
            _marked.Remove(key);
            _decided.Add(key);
            Decide(key, view, batch, now);
        }

        if (batch.Overflowed)
        {
            _marked.Add(_decided[^1]);
        }

        Finish(view, batch, now);
    }

    /// <summary>The last decisions were not committed: they are made again from a newer view.</summary>
    internal virtual void Refused() => _marked.UnionWith(_decided);

    /// <summary>Starts over with everything in <paramref name="view"/>.</summary>
    protected abstract void Begin(StoreView view);

    internal abstract void Observe(StoreCommit commit);

    internal virtual void Signalled(StoreView view)
    {
    }

    protected abstract void Decide(string key, StoreView view, ChangeBatch batch, DateTimeOffset now);

    /// <summary>For a loop that decides on all marked keys together.</summary>
    protected virtual void Finish(StoreView view, ChangeBatch batch, DateTimeOffset now)
    {
    }

    protected void Mark(string key) => _marked.Add(key);

    protected void MarkIn(string key, TimeSpan wait) => _deadlines.Enqueue(key, _elapsed + wait);
}
