namespace Swarm.Store.Replication;

/// <summary>Transactions that wait for the answer of a leader: once another leads, that answer is not worth waiting for. Safe from any thread.</summary>
internal sealed class PendingForwards
{
    private readonly Lock _lock = new();
    private readonly HashSet<Pending> _pending = [];

    internal Pending Add(string leader)
    {
        var pending = new Pending(this, leader);
        lock (_lock)
        {
            _pending.Add(pending);
        }

        return pending;
    }

    internal void LedBy(string leader)
    {
        lock (_lock)
        {
            foreach (var pending in _pending.Where(pending => pending.Leader != leader))
            {
                pending.End();
            }
        }
    }

    internal sealed class Pending(PendingForwards all, string leader) : IDisposable
    {
        // Never disposed: it has no timer, and whoever ends it may still be at it. Those who wait go on elsewhere, not on the consensus' loop.
        private readonly CancellationTokenSource _ended = new();

        internal string Leader { get; } = leader;

        internal CancellationToken Ended => _ended.Token;

        internal void End() => _ = _ended.CancelAsync();

        public void Dispose()
        {
            lock (all._lock)
            {
                all._pending.Remove(this);
            }
        }
    }
}
