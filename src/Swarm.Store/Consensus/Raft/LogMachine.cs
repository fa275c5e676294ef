using System.Buffers;
using DotNext.IO;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;
using Microsoft.Extensions.Logging;
using Swarm.Linux;

namespace Swarm.Store.Consensus.Raft;

/// <summary>
/// Feeds the replicated state from the log and keeps its snapshots. Applying never waits for a snapshot: the state is captured (an immutable view)
/// and written in the background (design/store.md, H5 and H10). Called by the log's applier, one entry at a time.
/// </summary>
internal sealed partial class LogMachine : IStateMachine, IAsyncDisposable
{
    private readonly IReplicatedState _state;
    private readonly string _directory;
    private readonly int _snapshotEvery;
    private readonly ILogger _logger;
    private volatile StoredSnapshot? _snapshot;
    private Task _writing = Task.CompletedTask;
    private long _applied;
    private int _sinceSnapshot;

    /// <summary>Restores the newest snapshot of the folder.</summary>
    /// <exception cref="InvalidDataException">The newest snapshot is damaged.</exception>
    internal LogMachine(IReplicatedState state, string directory, int snapshotEvery, ILogger logger)
    {
        _state = state;
        _directory = directory;
        _snapshotEvery = snapshotEvery;
        _logger = logger;
        Directory.CreateDirectory(directory);
        Raft.SnapshotFile.RemoveTemporaries(directory);
        if (SnapshotFile.List(directory).FirstOrDefault() is { } newest)
        {
            newest.Restore(state.Restore);
            _snapshot = new StoredSnapshot(newest);
            _applied = newest.Index;
        }
    }

    public ISnapshot? Snapshot => _snapshot;

    internal SnapshotFile? SnapshotFile => _snapshot?.File;

    public ValueTask<long> ApplyAsync(LogEntry entry, CancellationToken token)
    {
        if (entry.Index <= _applied)
        {
            return new(_applied);
        }

        return entry.IsSnapshot ? InstallAsync(entry, token) : new(Apply(entry));
    }

    public ValueTask ReclaimGarbageAsync(long watermark, CancellationToken token)
    {
        foreach (var old in Raft.SnapshotFile.List(_directory).Where(file => file.Index < watermark))
        {
            File.Delete(old.Path);
        }

        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync() => await _writing.ConfigureAwait(false);

    private long Apply(LogEntry entry)
    {
        if (entry.TryGetPayload(out var payload) && !payload.IsEmpty)
        {
            _state.Apply(entry.Index, entry.Term, payload.IsSingleSegment ? payload.First : payload.ToArray());
        }

        (entry.Context as Proposal)?.OnApplied(entry.Index, entry.Term);
        _applied = entry.Index;
        if (++_sinceSnapshot >= _snapshotEvery && _writing.IsCompleted)
        {
            _sinceSnapshot = 0;
            var (index, term, write) = (entry.Index, entry.Term, _state.Capture());
            _writing = Task.Run(() => WriteSnapshot(index, term, write), CancellationToken.None);
        }

        return entry.Index;
    }

    private void WriteSnapshot(long index, long term, Action<Stream> write)
    {
        try
        {
            var file = Raft.SnapshotFile.Write(_directory, index, term, write);
            LogSnapshotWritten(index, file.Length);
            Adopt(file);
        }
        catch (IOException e)
        {
            // The log stays as long as it is; the next snapshot tries again.
            LogSnapshotFailed(e, index);
        }
    }

    private async ValueTask<long> InstallAsync(LogEntry entry, CancellationToken token)
    {
        await _writing.ConfigureAwait(false);
        var received = Path.Combine(_directory, "install.tmp");
        await using (var stream = new FileStream(received, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            await entry.WriteToAsync(stream, 1 << 16, token).ConfigureAwait(false);
            await stream.FlushAsync(token).ConfigureAwait(false);
            DurableFile.Sync(stream.SafeFileHandle);
        }

        var file = Raft.SnapshotFile.Adopt(_directory, received, entry.Index, entry.Term);
        file.Restore(_state.Restore);
        _applied = entry.Index;
        _sinceSnapshot = 0;
        Adopt(file);
        LogSnapshotInstalled(entry.Index, file.Length);
        return entry.Index;
    }

    private void Adopt(SnapshotFile file)
    {
        if (file.Index > (_snapshot?.Index ?? 0))
        {
            _snapshot = new StoredSnapshot(file);
        }
    }

    /// <summary>What the log hands to a member that needs a snapshot; our peers send the file itself (<see cref="RaftPeer"/>).</summary>
    private sealed class StoredSnapshot(SnapshotFile file) : ISnapshot
    {
        internal SnapshotFile File => file;

        public long Index => file.Index;

        public long Term => file.Term;

        public bool IsReusable => true;

        public long? Length => file.Length;

        public async ValueTask WriteToAsync<TWriter>(TWriter writer, CancellationToken token) where TWriter : IAsyncBinaryWriter
        {
            await using var stream = new FileStream(file.Path, FileMode.Open, FileAccess.Read, FileShare.Read);
            await writer.CopyFromAsync(stream, null, token).ConfigureAwait(false);
        }
    }
}
