using DotNext.IO.Log;
using DotNext.Net.Cluster.Consensus.Raft;

namespace Swarm.Store.Consensus.Raft;

/// <summary>Entries of an append, with a look at the next one before the log takes it.</summary>
internal sealed class UnseenEntries<TEntry>(ILogEntryProducer<TEntry> entries) : ILogEntryProducer<TEntry> where TEntry : IRaftLogEntry
{
    private bool _peeked;

    public long RemainingCount => entries.RemainingCount + (_peeked ? 1 : 0);

    public TEntry Current => entries.Current;

    internal TEntry Next => entries.Current;

    internal async ValueTask<bool> PeekAsync()
    {
        if (!_peeked)
        {
            _peeked = await entries.MoveNextAsync().ConfigureAwait(false);
        }

        return _peeked;
    }

    internal void Skip() => _peeked = false;

    public async ValueTask<bool> MoveNextAsync()
    {
        var taken = await PeekAsync().ConfigureAwait(false);
        _peeked = false;
        return taken;
    }

    public ValueTask DisposeAsync() => entries.DisposeAsync();
}
