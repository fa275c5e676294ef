using System.Buffers.Binary;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Store.Consensus;
using Swarm.Store.Consensus.Raft;
using Swarm.Store.Consensus.Raft.Disk;

namespace Swarm.Store.Tests;

/// <summary>
/// The process that <see cref="Kills"/> kills: it proves what is on disk, then appends as fast as it can and tells on its standard output which index
/// it acknowledged. Exit code 3: something acknowledged is gone or changed.
/// </summary>
internal static class KilledChild
{
    internal const string Command = "append-until-killed";
    private const int Lost = 3;

    internal static async Task<int> RunAsync(string directory, long acknowledged)
    {
        var options = new RaftOptions { Directory = directory, NodeId = "self", DataKeys = TestKeys.One, SnapshotEvery = 200, KeptBehindSnapshot = 50 };
        using var files = RaftFiles.Open(options, LinuxDisk.Instance);
        var state = new ProvenState();
        await using var machine = new LogMachine(state, LinuxDisk.Instance, files.Keys, files.SnapshotDirectory, options.SnapshotEvery, NullLogger.Instance);
        var health = new DiskHealth(TimeProvider.System, NullLogger.Instance);
        await using var log = new RaftLog(files, machine, "self", new MatchTable(), () => ["self"], health);
        if (log.LastIndex < acknowledged)
        {
            await Console.Error.WriteLineAsync($"the log ends at {log.LastIndex}, but {acknowledged} was acknowledged");
            return Lost;
        }

        await log.StartAsync(CancellationToken.None);
        log.Vote(log.Term + 1, MemberBytes.Of("self"));
        var last = await log.AppendAsLeaderAsync(log.Term, LogItemKind.Empty, default, null, isNoOp: true, CancellationToken.None);
        await log.CommitAsync(last, CancellationToken.None);
        await log.WaitForApplyAsync(last, CancellationToken.None);
        var random = new Random((int)last);
        while (true)
        {
            for (var i = random.Next(1, 8); i > 0; i--)
            {
                var content = ContentOf(log.LastIndex + 1, random.Next(8, 20_000));
                last = await log.AppendAsLeaderAsync(log.Term, LogItemKind.Data, content, null, isNoOp: false, CancellationToken.None);
            }

            await log.CommitAsync(last, CancellationToken.None);
            if (log.CommittedIndex != last || health.Failure is not null)
            {
                return Lost;
            }

            Console.Out.WriteLine(last.ToString(CultureInfo.InvariantCulture));
            Console.Out.Flush();
        }
    }

    private static byte[] ContentOf(long index, int length)
    {
        var content = new byte[length];
        new Random((int)index).NextBytes(content);
        BinaryPrimitives.WriteInt64LittleEndian(content, index);
        return content;
    }

    /// <summary>Each entry must be the one that was appended at its index, and none may be missing but the empty ones.</summary>
    private sealed class ProvenState : IReplicatedState
    {
        private long _last;

        public void Apply(long index, long term, ReadOnlyMemory<byte> entry)
        {
            if (index <= _last || !entry.Span.SequenceEqual(ContentOf(index, entry.Length)))
            {
                Environment.Exit(Lost);
            }

            _last = index;
        }

        public Action<Stream> Capture()
        {
            var last = _last;
            return stream =>
            {
                stream.Write(BitConverter.GetBytes(last));
                stream.Write(new byte[1 << 20]);
            };
        }

        public void Restore(Stream snapshot)
        {
            var bytes = new byte[8];
            snapshot.ReadExactly(bytes);
            _last = BitConverter.ToInt64(bytes);
        }
    }
}
