using System.Buffers.Binary;
using DotNext.IO.Log;
using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Store.Consensus;
using Swarm.Store.Consensus.Raft;

namespace Swarm.Store.Tests;

/// <summary>A guarded log alone, driven the way the Raft core drives it.</summary>
internal sealed class LogBench : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("swarm-log-").FullName;
    private readonly LogMachine _machine;
    private readonly SideRecord _record;

    internal LogBench(params string[] voters)
    {
        _machine = new LogMachine(State, SnapshotDirectory, int.MaxValue, NullLogger.Instance);
        _record = SideRecord.Create(Path.Combine(_directory, "promises"));
        var options = new WriteAheadLog.Options { Location = Path.Combine(_directory, "wal"), HashAlgorithm = WriteAheadLog.IntegrityHashAlgorithm.XxHash3 };
        Log = new GuardedLog(options, _machine, "self", Matches, _record, () => voters);
    }

    internal GuardedLog Log { get; }

    internal MatchTable Matches { get; } = new();

    internal RecordingState State { get; } = new();

    internal string SnapshotDirectory => Path.Combine(_directory, "snapshots");

    internal Promises Promised => _record.Current;

    private IAuditTrail<IRaftLogEntry> AsCoreSeesIt => Log;

    internal Task MoveToTermAsync(long term) => ((IPersistentState)Log).UpdateTermAsync(term, true).AsTask();

    internal async Task<long> LeadAsync(long term)
    {
        await MoveToTermAsync(term);
        return await AsCoreSeesIt.AppendAsync(new EmptyLogEntry { Term = term });
    }

    internal Task<long> AppendAsLeaderAsync(long term) =>
        AsCoreSeesIt.AppendAsync(new BinaryLogEntry { Term = term, Content = new byte[] { 1, 2, 3 } }).AsTask();

    internal Task AppendAsFollowerAsync(long startIndex, params long[] terms) => AsCoreSeesIt.AppendAsync(
        new LogEntryProducer<ReceivedEntry>([.. terms.Select(term => new ReceivedEntry(term, false, new byte[] { 1, 2, 3 }))]), startIndex, true).AsTask();

    internal Task InstallSnapshotAsync(IRaftLogEntry snapshot, long index) => AsCoreSeesIt.AppendAsync(snapshot, index).AsTask();

    internal async Task<long> CommitAsync(long index)
    {
        await ((IAuditTrail)Log).CommitAsync(index);
        return Log.LastCommittedEntryIndex;
    }

    /// <summary>The last index that the log's own file on disk knows: what is left of it after a power cut.</summary>
    internal long LastIndexOnDisk()
    {
        var bytes = File.ReadAllBytes(Path.Combine(_directory, "wal", "checkpoint"));
        return bytes.Length < 20 ? 0 : BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(12));
    }

    public async ValueTask DisposeAsync()
    {
        await Log.DisposeAsync();
        await _machine.DisposeAsync();
        _record.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

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
