using System.Collections.Concurrent;
using Swarm.Model;

namespace Swarm.Store.Replication;

/// <summary>
/// The transactions of this manager's own callers that are on their way. Whoever answers them or fails to, the log tells their outcome when it is applied
/// here. Safe from any thread.
/// </summary>
/// <param name="firstNumber">Never given out before by this manager.</param>
internal sealed class OwnTransactions(long firstNumber)
{
    private readonly ConcurrentDictionary<long, Pending> _pending = new();
    private long _number = firstNumber;

    internal Pending Begin()
    {
        var pending = new Pending(this, Interlocked.Increment(ref _number));
        _pending[pending.Number] = pending;
        return pending;
    }

    internal void Applied(long number, CommitResult result)
    {
        if (_pending.TryGetValue(number, out var pending))
        {
            pending.Apply(result);
        }
    }

    /// <summary>A snapshot took the place of entries that were never seen here.</summary>
    internal void Missed()
    {
        foreach (var (_, pending) in _pending)
        {
            pending.Miss();
        }
    }

    internal sealed class Pending(OwnTransactions all, long number) : IDisposable
    {
        private readonly TaskCompletionSource<CommitResult> _applied = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool _missed;

        internal long Number => number;

        internal Task<CommitResult> Outcome => _applied.Task;

        /// <summary>It may have been applied without being seen.</summary>
        internal bool MayBeMissed => _missed;

        internal void Apply(CommitResult result) => _applied.TrySetResult(result);

        internal void Miss() => _missed = true;

        public void Dispose() => all._pending.TryRemove(number, out _);
    }
}
