namespace Swarm.Store.Consensus.Memory;

/// <summary>What a majority holds: entries from 1 on, the oldest replaced by a snapshot.</summary>
internal sealed class MemoryLog
{
    private readonly List<(long Term, ReadOnlyMemory<byte> Entry)> _entries = [];
    private long _snapshotIndex;
    private byte[]? _snapshot;

    internal long LastIndex => _snapshotIndex + _entries.Count;

    internal int Length => _entries.Count;

    internal long Append(long term, ReadOnlyMemory<byte> entry)
    {
        _entries.Add((term, entry));
        return LastIndex;
    }

    /// <summary>Brings a replica from <paramref name="applied"/> to the end.</summary>
    internal long Replay(IReplicatedState state, long applied)
    {
        if (applied < _snapshotIndex)
        {
            state.Restore(new MemoryStream(_snapshot!, writable: false));
            applied = _snapshotIndex;
        }

        for (; applied < LastIndex; applied++)
        {
            var (term, entry) = _entries[(int)(applied - _snapshotIndex)];
            if (!entry.IsEmpty)
            {
                state.Apply(applied + 1, term, entry);
            }
        }

        return applied;
    }

    /// <summary>Replaces the entries by the state that a replica at the end of the log has.</summary>
    internal void Compact(IReplicatedState state)
    {
        using var snapshot = new MemoryStream();
        state.Capture()(snapshot);
        _snapshot = snapshot.ToArray();
        _snapshotIndex = LastIndex;
        _entries.Clear();
    }
}
