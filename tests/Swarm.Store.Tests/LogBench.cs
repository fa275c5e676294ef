using DotNext.IO.Log;
using DotNext.Net.Cluster;
using DotNext.Net.Cluster.Consensus.Raft;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Store.Consensus;
using Swarm.Store.Consensus.Raft;
using Swarm.Store.Consensus.Raft.Disk;

namespace Swarm.Store.Tests;

/// <summary>A log alone, driven the way the Raft core drives it.</summary>
internal sealed class LogBench : IAsyncDisposable
{
    private readonly bool _ownsDirectory;
    private readonly LogMachine _machine;
    private readonly RaftFiles _files;

    internal LogBench(params string[] voters)
        : this(System.IO.Directory.CreateTempSubdirectory("swarm-log-").FullName, new TestDisk(), voters: voters) => _ownsDirectory = true;

    internal LogBench(string directory, TestDisk disk, Func<RaftOptions, RaftOptions>? configure = null, params string[] voters)
    {
        Directory = directory;
        Disk = disk;
        var options = new RaftOptions { Directory = directory, NodeId = "self", DataKeys = TestKeys.One, SnapshotEvery = int.MaxValue };
        options = configure?.Invoke(options) ?? options;
        _files = RaftFiles.Open(options, disk);
        _machine = new LogMachine(State, disk, _files.Keys, _files.SnapshotDirectory, options.SnapshotEvery, NullLogger.Instance);
        try
        {
            Log = new RaftLog(_files, _machine, "self", Matches, () => voters, Health);
        }
        catch
        {
            _files.Dispose();
            throw;
        }

        AsCoreSeesIt = CoreLog.Create(Log, _machine);
    }

    internal string Directory { get; }

    internal TestDisk Disk { get; }

    internal RaftLog Log { get; }

    internal MatchTable Matches { get; } = new();

    internal RecordingState State { get; } = new();

    internal DiskHealth Health { get; } = new(TimeProvider.System, NullLogger.Instance);

    internal string SnapshotDirectory => _files.SnapshotDirectory;

    internal long MarkedIndex => _files.Mark.LastIndex;

    internal IPersistentState AsCoreSeesIt { get; }

    internal Task StartAsync() => AsCoreSeesIt.InitializeAsync();

    internal Task MoveToTermAsync(long term) => AsCoreSeesIt.UpdateTermAsync(term, true).AsTask();

    internal async Task<long> LeadAsync(long term)
    {
        await MoveToTermAsync(term);
        return await AsCoreSeesIt.AppendAsync(new EmptyLogEntry { Term = term });
    }

    internal Task<long> AppendAsLeaderAsync(long term, int bytes = 3) =>
        AsCoreSeesIt.AppendAsync(new BinaryLogEntry { Term = term, Content = ContentOf(bytes) }).AsTask();

    internal Task AppendAsFollowerAsync(long startIndex, params long[] terms) => AsCoreSeesIt.AppendAsync(
        new LogEntryProducer<CoreEntry>([.. terms.Select(term => new CoreEntry(term, LogItemKind.Data, ContentOf(3)))]), startIndex, true).AsTask();

    internal Task InstallSnapshotAsync(ReceivedSnapshot snapshot) => AsCoreSeesIt.AppendAsync(snapshot, snapshot.Index).AsTask();

    /// <summary>Has a snapshot arrive in chunks of the given sizes, as from a leader.</summary>
    internal ReceivedSnapshot? Download(byte[] content, long index, long term, int chunk = 1 << 20, long? claimedLength = null)
    {
        using var download = new SnapshotDownload(Disk, _files.Keys, SnapshotDirectory);
        ReceivedSnapshot? received = null;
        for (var offset = 0; offset < content.Length; offset += chunk)
        {
            var part = content.AsMemory(offset, Math.Min(chunk, content.Length - offset));
            received = download.Add("leader", new SnapshotChunk(term, index, term, claimedLength ?? content.Length, offset, part, default, 0));
        }

        return received;
    }

    internal static byte[] SnapshotOf(byte[] state) => [.. state, .. System.IO.Hashing.XxHash128.Hash(state)];

    internal async Task<long> CommitAsync(long index)
    {
        await AsCoreSeesIt.CommitAsync(index);
        return Log.CommittedIndex;
    }

    public async ValueTask DisposeAsync()
    {
        await Log.DisposeAsync();
        await _machine.DisposeAsync();
        _files.Dispose();
        if (_ownsDirectory)
        {
            System.IO.Directory.Delete(Directory, recursive: true);
        }
    }

    private static byte[] ContentOf(int bytes) => [.. Enumerable.Range(0, bytes).Select(i => (byte)(i + 1))];

    internal sealed class RecordingState : IReplicatedState
    {
        internal List<long> Applied { get; } = [];

        internal byte[]? Restored { get; private set; }

        public void Apply(long index, long term, ReadOnlyMemory<byte> entry) => Applied.Add(index);

        public Action<Stream> Capture() => stream => stream.Write("state"u8);

        public void Restore(Stream snapshot)
        {
            using var copy = new MemoryStream();
            snapshot.CopyTo(copy);
            Restored = copy.ToArray();
        }
    }
}
