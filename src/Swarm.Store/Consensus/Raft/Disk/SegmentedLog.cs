namespace Swarm.Store.Consensus.Raft.Disk;

/// <summary>
/// The entries on disk: segments that follow on each other without a gap (folder `log/`). One writer at a time appends and shortens; everything else
/// may be called from any thread. What <see cref="DurableIndex"/> covers survives a power cut.
/// </summary>
internal sealed class SegmentedLog : IDisposable
{
    /// <summary>A segment that has so many bytes or entries gets a successor: the unit in which old entries are removed.</summary>
    internal const int SegmentBytes = 8 << 20;

    /// <summary>However many entries are to be kept behind a snapshot, no more bytes of them than this.</summary>
    internal const long MaxKeptBytes = 32 << 20;
    private readonly IRaftDisk _disk;
    private readonly DataKeys _keys;
    private readonly string _directory;
    private readonly int _segmentEntries;
    private readonly LogMark _mark;

    // Taken in this order. The first for a sync and whatever else decides what is durable and what the mark says, the second for the list and the tail.
    private readonly Lock _syncGate = new();
    private readonly Lock _lock = new();
    private readonly List<LogSegment> _segments = [];
    private (long Index, long Term) _base;
    private long _durable;
    private BrokenDiskException? _broken;
    private bool _disposed;

    private SegmentedLog(IRaftDisk disk, DataKeys keys, string directory, int segmentEntries, LogMark mark)
    {
        _mark = mark;
        _disk = disk;
        _keys = keys;
        _directory = directory;
        _segmentEntries = segmentEntries;
    }

    /// <summary>The entry before the first.</summary>
    internal long BaseIndex
    {
        get
        {
            lock (_lock)
            {
                return _base.Index;
            }
        }
    }

    internal long LastIndex
    {
        get
        {
            lock (_lock)
            {
                return _segments.Count > 0 ? _segments[^1].LastIndex : _base.Index;
            }
        }
    }

    internal long DurableIndex => Volatile.Read(ref _durable);

    /// <summary>Reads, proves and where a write never ended repairs the whole log.</summary>
    /// <param name="snapshot">What came before the log, or replaced it.</param>
    /// <param name="mark">Where it must not end before.</param>
    /// <exception cref="InvalidDataException">The log is damaged or ends too early.</exception>
    internal static SegmentedLog Open(IRaftDisk disk, DataKeys keys, string directory, int segmentEntries, (long Index, long Term) snapshot, LogMark mark)
    {
        Directory.CreateDirectory(directory);
        foreach (var temporary in Directory.GetFiles(directory, "*.tmp"))
        {
            disk.Delete(temporary);
        }

        var log = new SegmentedLog(disk, keys, directory, segmentEntries, mark);
        try
        {
            var paths = Directory.GetFiles(directory, "*.log");
            Array.Sort(paths, StringComparer.Ordinal);
            foreach (var path in paths)
            {
                var segment = LogSegment.Open(disk, keys, path, isNewest: path == paths[^1], mark.LastIndex);
                if (log._segments is [.., var before] && !segment.Follows(before) && before.LastIndex <= snapshot.Index && segment.BaseIndex <= snapshot.Index)
                {
                    log.DropAll();
                }

                log._segments.Add(segment);
                if (path != LogSegment.NameOf(directory, segment.BaseIndex) || (log._segments is [.., var previous, _] && !segment.Follows(previous)))
                {
                    throw new InvalidDataException($"entries before {segment.BaseIndex + 1} are missing");
                }
            }

            log.Follow(snapshot);
            log._durable = log.LastIndex;
            return log.LastIndex >= mark.LastIndex ? log
                : throw new InvalidDataException($"it ends at entry {log.LastIndex}, but entries up to {mark.LastIndex} were acknowledged");
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    /// <exception cref="ArgumentOutOfRangeException">There is no such entry (any more).</exception>
    internal long TermOf(long index)
    {
        lock (_lock)
        {
            return index == _base.Index ? _base.Term
                : Find(index)?.TermOf(index) ?? throw new ArgumentOutOfRangeException(nameof(index), index, "no such entry in the log");
        }
    }

    /// <summary>Writes consecutive entries after the last; durable only after <see cref="Sync"/>. When it throws, the log is as before.</summary>
    /// <exception cref="IOException">The disk is full.</exception>
    /// <exception cref="BrokenDiskException">It is not known any more what the disk holds.</exception>
    internal void Append(IReadOnlyList<LogItem> items)
    {
        if (_segments.Count == 0 || _segments[^1].Size >= SegmentBytes || _segments[^1].Count >= _segmentEntries)
        {
            Roll();
        }

        lock (_lock)
        {
            _segments[^1].Append(items, DurableIndex);
        }
    }

    /// <summary>Returns once everything appended before the call is on disk. Calls that meet share one sync.</summary>
    /// <exception cref="BrokenDiskException">The sync failed: the kernel may have dropped what was written (it forgets the error, too).</exception>
    internal void Sync()
    {
        lock (_syncGate)
        {
            long target;
            LogSegment? tail;
            lock (_lock)
            {
                (target, tail) = (_segments.Count > 0 ? _segments[^1].LastIndex : _base.Index, _segments.Count > 0 ? _segments[^1] : null);
            }

            if (target > _durable)
            {
                SyncOrBreak(() =>
                {
                    tail!.Sync();
                    _mark.Synced(target);
                });
                Volatile.Write(ref _durable, target);
            }
        }
    }

    /// <summary>Removes the entries after <paramref name="index"/>, durably; the newest first, so that a crash leaves no gap.</summary>
    internal void TruncateAfter(long index)
    {
        lock (_syncGate)
        {
            lock (_lock)
            {
                SyncOrBreak(() =>
                {
                    // First, so that a crash in between finds a mark that claims less than the log holds.
                    _mark.Lower(index);
                    while (_segments.Count > 1 && _segments[^1].BaseIndex >= index)
                    {
                        RemoveNewest();
                    }

                    if (_segments.Count > 0)
                    {
                        _segments[^1].TruncateAfter(index);
                    }
                });
            }

            Volatile.Write(ref _durable, LastIndex);
        }
    }

    /// <summary>Forgets everything: a snapshot that ends with this entry takes its place. What it contradicts was renounced before.</summary>
    internal void Reset(long index, long term)
    {
        lock (_syncGate)
        {
            lock (_lock)
            {
                SyncOrBreak(() =>
                {
                    while (_segments.Count > 0)
                    {
                        RemoveNewest();
                    }
                });
                _base = (index, term);
            }

            Volatile.Write(ref _durable, index);
            SyncOrBreak(() => _mark.Synced(index));
        }
    }

    /// <summary>Takes back what was promised after an entry, durably: a snapshot is about to take its place.</summary>
    internal void Renounce(long index)
    {
        lock (_syncGate)
        {
            SyncOrBreak(() => _mark.Lower(index));
        }
    }

    /// <summary>It did not.</summary>
    internal void Reaffirm()
    {
        lock (_syncGate)
        {
            SyncOrBreak(() => _mark.Synced(_durable));
        }
    }

    /// <summary>Removes what a snapshot covers, in whole segments, but for some entries that a member that lags a little may ask for.</summary>
    internal void RemoveBehind(long snapshotIndex, int keptEntries)
    {
        var removed = new List<LogSegment>();
        lock (_lock)
        {
            var behind = _segments.Where(segment => segment.LastIndex <= snapshotIndex).Sum(segment => segment.Size);
            while (!_disposed && _segments.Count > 1 && _segments[0].LastIndex <= snapshotIndex && (_segments[0].LastIndex <= snapshotIndex - keptEntries || behind > MaxKeptBytes))
            {
                behind -= _segments[0].Size;
                removed.Add(_segments[0]);
                _segments.RemoveAt(0);
                _base = (_segments[0].BaseIndex, _segments[0].BaseTerm);
            }
        }

        foreach (var segment in removed)
        {
            segment.Dispose();
            _disk.Delete(segment.Path);
        }
    }

    /// <summary>Some entries from <paramref name="from"/> on: at least one, at most to <paramref name="to"/>, about as many bytes as asked for.</summary>
    /// <returns>Nothing if they are gone: a snapshot covers them.</returns>
    internal List<LogItem> Read(long from, long to, int maxBytes)
    {
        LogSegment? segment;
        List<LogSegment.Place> places;
        lock (_lock)
        {
            if ((segment = Find(from)) is null)
            {
                return [];
            }

            places = segment.PlacesOf(from, Math.Min(to, segment.LastIndex));
        }

        var bytes = 0;
        var count = places.TakeWhile(place => (bytes += LogRecord.SizeOf(place.Length)) <= maxBytes).Count();
        places.RemoveRange(Math.Max(1, count), places.Count - Math.Max(1, count));
        var items = new List<LogItem>(places.Count);
        try
        {
            segment.Read(from, places, items);
        }
        catch (FileNotFoundException) when (from <= BaseIndex)
        {
            items.Clear();
        }

        return items;
    }

    /// <summary>Makes every segment open with the first of the keys alone.</summary>
    internal void Rewrap()
    {
        List<LogSegment> segments;
        lock (_lock)
        {
            segments = [.. _segments];
        }

        foreach (var segment in segments)
        {
            try
            {
                using var file = _disk.Open(segment.Path);
                SealedHeader.Rewrap(file, Path.GetFileName(segment.Path), LogSegment.Magic, _keys);
            }
            catch (FileNotFoundException)
            {
                // Covered by a snapshot, or given way to the leader's entries, since the list was taken.
            }
        }
    }

    public void Dispose()
    {
        // A snapshot that is still being written would remove segments behind it: the next snapshot does.
        List<LogSegment> segments;
        lock (_lock)
        {
            _disposed = true;
            segments = [.. _segments];
        }

        segments.ForEach(segment => segment.Dispose());
    }

    /// <summary>With the gate held: whoever waited for it must not sync again after a failure, and find that it succeeds.</summary>
    private void SyncOrBreak(Action sync)
    {
        if (_broken is { } broken)
        {
            throw broken;
        }

        try
        {
            sync();
        }
        catch (IOException e)
        {
            throw _broken = new BrokenDiskException(e);
        }
    }

    private LogSegment? Find(long index)
    {
        for (var i = _segments.Count - 1; i >= 0; i--)
        {
            if (index > _segments[i].BaseIndex)
            {
                return index <= _segments[i].LastIndex ? _segments[i] : null;
            }
        }

        return null;
    }

    private void Roll()
    {
        lock (_syncGate)
        {
            Sync();
            lock (_lock)
            {
                var (index, term) = _segments.Count > 0 ? (_segments[^1].LastIndex, _segments[^1].LastTerm) : _base;
                var next = LogSegment.Create(_disk, _keys, _directory, index, term);
                if (_segments.Count > 0)
                {
                    _segments[^1].CloseFile();
                }

                _segments.Add(next);
            }
        }
    }

    /// <summary>What a snapshot covers and could not be deleted when it did: a later snapshot took the log's place since then.</summary>
    private void DropAll()
    {
        foreach (var segment in _segments)
        {
            segment.Dispose();
            _disk.Delete(segment.Path);
        }

        _segments.Clear();
    }

    private void RemoveNewest()
    {
        _segments[^1].Dispose();
        _disk.Delete(_segments[^1].Path);
        _disk.SyncDirectory(_directory);
        _segments.RemoveAt(_segments.Count - 1);
    }

    /// <summary>Brings the log into line with the snapshot: it may have taken the log's place just before a crash.</summary>
    private void Follow((long Index, long Term) snapshot)
    {
        _base = _segments.Count > 0 ? (_segments[0].BaseIndex, _segments[0].BaseTerm) : snapshot;
        if (_base.Index > snapshot.Index)
        {
            throw new InvalidDataException($"entries {snapshot.Index + 1} to {_base.Index} are missing");
        }

        if (LastIndex < snapshot.Index || TermOf(snapshot.Index) != snapshot.Term)
        {
            Reset(snapshot.Index, snapshot.Term);
        }
    }
}
