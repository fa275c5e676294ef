using System.Collections.Concurrent;
using System.Diagnostics;
using Swarm.Store;
using Swarm.Store.Consensus;

namespace Swarm.Benchmarks.Convergence;

/// <summary>A store of one process that remembers when each entry was committed.</summary>
internal sealed class TimedStore : IObjectStore
{
    private readonly MemoryStore _store = new(TimeProvider.System);
    private readonly ConcurrentDictionary<long, long> _committed = new();

    public StoreView View => _store.View;

    public Leadership Leadership => _store.Leadership;

    /// <summary>A timestamp from before anybody could see the entry.</summary>
    public long CommittedAt(long index) => _committed[index];

    public ValueTask<StoreView> ReadAsync(CancellationToken cancellation) => _store.ReadAsync(cancellation);

    public async Task<CommitResult> CommitAsync(StoreTransaction transaction, CancellationToken cancellation)
    {
        var before = Stopwatch.GetTimestamp();
        var result = await _store.CommitAsync(transaction, cancellation);
        if (result.IsCommitted)
        {
            _committed[result.Index] = before;
        }

        return result;
    }

    public Task<IReadOnlyList<ConsensusMember>> MembersAsync(CancellationToken cancellation) => _store.MembersAsync(cancellation);

    public StoreWatch Watch() => _store.Watch();

    public IAsyncEnumerable<Leadership> WatchLeadershipAsync(CancellationToken cancellation) => _store.WatchLeadershipAsync(cancellation);
}
