using Microsoft.Extensions.Logging;
using Swarm.Store.Consensus.Raft.Disk;

namespace Swarm.Store.Consensus.Raft;

/// <summary>
/// Feeds the replicated state from the log and keeps its snapshots. Applying never waits for a snapshot: the state is captured (an immutable view)
/// and written in the background (design/store.md, H5 and H10). Called by the log's applier, one entry at a time, or while the applier stands still.
/// </summary>
internal sealed partial class LogMachine : IAsyncDisposable
{
    /// <summary>Bytes of log after which a snapshot is due, however few entries they are.</summary>
    internal const long SnapshotBytes = 64 << 20;

    private readonly IReplicatedState _state;
    private readonly IRaftDisk _disk;
    private readonly DataKeys _keys;
    private readonly string _directory;
    private readonly int _snapshotEvery;
    private readonly ILogger _logger;
    private volatile SnapshotFile? _snapshot;
    private Task _writing = Task.CompletedTask;
    private int _sinceSnapshot;
    private long _bytesSinceSnapshot;

    /// <summary>Restores the newest snapshot of the folder.</summary>
    /// <exception cref="InvalidDataException">The newest snapshot is damaged.</exception>
    internal LogMachine(IReplicatedState state, IRaftDisk disk, DataKeys keys, string directory, int snapshotEvery, ILogger logger)
    {
        _state = state;
        _disk = disk;
        _keys = keys;
        _directory = directory;
        _snapshotEvery = snapshotEvery;
        _logger = logger;
        Directory.CreateDirectory(directory);
        foreach (var temporary in Directory.GetFiles(directory, "*.tmp"))
        {
            disk.Delete(temporary);
        }

        if (SnapshotFile.List(directory).FirstOrDefault() is { } newest)
        {
            newest.Restore(disk, keys, state.Restore);
            Adopt(newest);
        }
    }

    /// <summary>A snapshot is whole: the log up to there is no longer needed here.</summary>
    internal event Action<SnapshotFile>? SnapshotTaken;

    internal SnapshotFile? Snapshot => _snapshot;

    internal void Apply(LogItem item)
    {
        if (item.Kind == LogItemKind.Data && !item.Content.IsEmpty)
        {
            _state.Apply(item.Index, item.Term, item.Content);
        }

        item.Proposal?.OnApplied(item.Index, item.Term);
        _bytesSinceSnapshot += item.Content.Length;
        if ((++_sinceSnapshot >= _snapshotEvery || _bytesSinceSnapshot >= SnapshotBytes) && _writing.IsCompleted)
        {
            _sinceSnapshot = 0;
            _bytesSinceSnapshot = 0;
            var write = _state.Capture();
            _writing = Task.Factory.StartNew(
                () => Write(item.Index, item.Term, write), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
    }

    /// <summary>Gives a received snapshot its name, once it is proven. The state is still the old one.</summary>
    /// <exception cref="InvalidDataException">It is not what the leader sent.</exception>
    internal async Task<SnapshotFile> TakeOverAsync(ReceivedSnapshot received)
    {
        await _writing.ConfigureAwait(false);
        return SnapshotFile.Adopt(_disk, _keys, _directory, received.Path, received.Index, received.Term);
    }

    internal void Restore(SnapshotFile file)
    {
        file.Restore(_disk, _keys, _state.Restore);
        _sinceSnapshot = 0;
        _bytesSinceSnapshot = 0;
        Adopt(file);
        LogSnapshotInstalled(file.Index, new FileInfo(file.Path).Length);
    }

    /// <summary>What travels to a member that needs this snapshot; null if a newer one took its place.</summary>
    internal SealedReader? Open(long index)
    {
        try
        {
            return _snapshot is { } file && file.Index == index ? file.Open(_disk, _keys) : null;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Makes every snapshot open with the first of the keys alone; one that is being written is waited for.</summary>
    internal async Task RewrapAsync()
    {
        await _writing.ConfigureAwait(false);
        foreach (var snapshot in SnapshotFile.List(_directory))
        {
            try
            {
                using var file = _disk.Open(snapshot.Path);
                SealedHeader.Rewrap(file, Path.GetFileName(snapshot.Path), SnapshotFile.Magic, _keys);
            }
            catch (FileNotFoundException)
            {
                // A newer one took its place.
            }
        }
    }

    public async ValueTask DisposeAsync() => await _writing.ConfigureAwait(false);

    private void Write(long index, long term, Action<Stream> write)
    {
        try
        {
            var file = SnapshotFile.Write(_disk, _keys, _directory, index, term, write);
            LogSnapshotWritten(index, new FileInfo(file.Path).Length);
            Adopt(file);
            SnapshotTaken?.Invoke(file);
        }
        catch (IOException e)
        {
            // The log stays as long as it is; the next snapshot tries again.
            LogSnapshotFailed(e, index);
        }
    }

    private void Adopt(SnapshotFile file)
    {
        if (file.Index <= (_snapshot?.Index ?? 0))
        {
            return;
        }

        _snapshot = file;
        foreach (var old in SnapshotFile.List(_directory).Where(other => other.Index < file.Index))
        {
            _disk.Delete(old.Path);
        }
    }
}
