namespace Swarm.Store.Consensus.Raft.Disk;

/// <summary>The newest entries in memory: what is being replicated and applied need not be read back. Safe from any thread.</summary>
internal sealed class EntryWindow
{
    internal const int MaxEntries = 4096;
    internal const int MaxBytes = 16 << 20;
    private readonly Lock _lock = new();
    private readonly LogItem?[] _ring = new LogItem?[MaxEntries];
    private long _first = 1;
    private long _last;
    private long _bytes;

    /// <summary>The entry after the last, or the first one again after <see cref="Clear"/>.</summary>
    internal void Add(LogItem item)
    {
        lock (_lock)
        {
            if (_last < _first)
            {
                _first = item.Index;
            }

            while (item.Index - _first >= MaxEntries || (_bytes + item.Content.Length > MaxBytes && _first < item.Index))
            {
                Forget(_first++);
            }

            _ring[item.Index % MaxEntries] = item;
            _last = item.Index;
            _bytes += item.Content.Length;
        }
    }

    internal LogItem? Find(long index)
    {
        lock (_lock)
        {
            return index >= _first && index <= _last ? _ring[index % MaxEntries] : null;
        }
    }

    internal void TruncateAfter(long index)
    {
        lock (_lock)
        {
            for (; _last > index && _last >= _first; _last--)
            {
                Forget(_last);
            }
        }
    }

    internal void Clear() => TruncateAfter(0);

    private void Forget(long index)
    {
        _bytes -= _ring[index % MaxEntries]!.Content.Length;
        _ring[index % MaxEntries] = null;
    }
}
