using Swarm.Linux;
using Swarm.Store.Consensus.Raft;
using Swarm.Store.Consensus.Raft.Disk;

namespace Swarm.Store.Tests;

/// <summary>
/// H9 of design/store.md: a log that has forgotten something never starts. Guards: the mark compared in SegmentedLog.Open, the tags of LogRecord, the
/// slots of SlotFile, what must be there in RaftFiles.Open.
/// </summary>
public sealed class DiskGuards
{
    public static TheoryData<string> Damages => new(Damage.Keys);

    private static readonly Dictionary<string, Action<string>> Damage = new()
    {
        ["the vote is emptied"] = directory => Truncate(Path.Combine(directory, "vote"), 0),
        ["the vote is deleted"] = directory => File.Delete(Path.Combine(directory, "vote")),
        ["the vote is that of an earlier term"] = directory => Forget(Path.Combine(directory, "vote")),
        ["the mark is deleted"] = directory => File.Delete(Path.Combine(directory, "mark")),
        ["the mark is overwritten"] = directory => File.WriteAllBytes(Path.Combine(directory, "mark"), new byte[8192]),
        ["the log is deleted"] = directory => Directory.Delete(Path.Combine(directory, "log"), recursive: true),
        ["the log is emptied"] = directory => Directory.GetFiles(Path.Combine(directory, "log")).ToList().ForEach(File.Delete),
        ["the oldest segment is deleted"] = directory => File.Delete(Segments(directory)[0]),
        ["a segment in the middle is deleted"] = directory => File.Delete(Segments(directory)[1]),
        ["the newest segment is deleted"] = directory => File.Delete(Segments(directory)[^1]),
        ["the newest segment loses its end"] = directory => Truncate(Segments(directory)[^1], new FileInfo(Segments(directory)[^1]).Length - 8),
        ["an older segment loses its end"] = directory => Truncate(Segments(directory)[0], new FileInfo(Segments(directory)[0]).Length - 8),
        ["two segments change places"] = Swap,
        ["a bit of the newest entry flips"] = directory => Flip(Segments(directory)[^1], (int)new FileInfo(Segments(directory)[^1]).Length - 20),
        ["a bit of an old entry flips"] = directory => Flip(Segments(directory)[0], SealedHeader.Size + 70),
        ["a bit of a header flips"] = directory => Flip(Segments(directory)[0], 9),
        ["the newest segment is zeroed"] = directory => Zero(Segments(directory)[^1]),
        ["the members are changed"] = directory => Flip(Path.Combine(directory, "members"), 16),
        ["the members are deleted"] = directory => File.Delete(Path.Combine(directory, "members")),
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task H9_a_damaged_or_forgetful_log_is_refused(string damage)
    {
        // Segments of 16 entries, no snapshot.
        await using var cluster = await RaftTestCluster.FoundAsync("a", options => options with { SnapshotEvery = 1 });
        cluster.DiskOf("a").Before = NoSnapshots;
        await cluster.LeaderAsync();
        for (var i = 0; i < 40; i++)
        {
            await ConsensusContract.CommitAsync(cluster, "a", $"n{i}");
        }

        await cluster.StopAsync("a");
        Damage[damage](cluster.DirectoryOf("a"));
        var refusal = await Assert.ThrowsAsync<UntrustedLogException>(() => cluster.RestartAsync("a"));
        Assert.Contains(cluster.DirectoryOf("a"), refusal.Message, StringComparison.Ordinal);
    }

    // Guards: the mark, and the field Synced of LogRecord, which WasSynced looks at: the mark is not synced, and may be old after a power cut.
    [Theory]
    [InlineData(2, true)]
    [InlineData(19, false)]
    public async Task A_bit_that_flips_is_no_torn_end_even_if_the_mark_is_old(int record, bool refused)
    {
        var directory = Directory.CreateTempSubdirectory("swarm-torn-").FullName;
        try
        {
            await using (var log = new LogBench(directory, new TestDisk()))
            {
                await log.MoveToTermAsync(1);
                for (long index = 1; index <= 20; index++)
                {
                    await log.AppendAsFollowerAsync(index, 1);
                }
            }

            File.Delete(Path.Combine(directory, "mark"));
            using (LogMark.Create(LinuxDisk.Instance, Path.Combine(directory, "mark")))
            {
                Flip(Segments(directory)[0], SealedHeader.Size + (record * LogRecord.SizeOf(3)) + 20);
            }

            if (refused)
            {
                Assert.Throws<InvalidDataException>(() => new LogBench(directory, new TestDisk()));
            }
            else
            {
                await using var log = new LogBench(directory, new TestDisk());
                Assert.Equal(record, log.Log.LastIndex);
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task An_end_that_was_torn_before_anybody_heard_of_it_is_cut_off_wherever_it_was_torn()
    {
        var directory = Directory.CreateTempSubdirectory("swarm-torn-").FullName;
        try
        {
            string segment;
            long promised;
            await using (var log = new LogBench(directory, new TestDisk()))
            {
                await log.MoveToTermAsync(1);
                await log.AppendAsFollowerAsync(1, 1, 1, 1);
                segment = Segments(directory)[0];
                promised = new FileInfo(segment).Length;
            }

            var mark = File.ReadAllBytes(Path.Combine(directory, "mark"));
            await using (var log = new LogBench(directory, new TestDisk()))
            {
                await log.AppendAsFollowerAsync(4, 1, 1);
            }

            var whole = File.ReadAllBytes(segment);
            for (var length = (int)promised; length < whole.Length; length++)
            {
                File.WriteAllBytes(Path.Combine(directory, "mark"), mark);
                File.WriteAllBytes(segment, whole[..length]);
                await using var log = new LogBench(directory, new TestDisk());
                Assert.InRange(log.Log.LastIndex, 3, 4);
                await log.AppendAsFollowerAsync(log.Log.LastIndex + 1, 1);
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task H5_a_damaged_snapshot_is_refused()
    {
        await using var cluster = await RaftTestCluster.FoundAsync("a", options => options with { SnapshotEvery = 10 });
        await cluster.LeaderAsync();
        for (var i = 0; i < 30; i++)
        {
            await ConsensusContract.CommitAsync(cluster, "a", $"n{i}");
        }

        await cluster.StopAsync("a");
        var newest = SnapshotFile.List(Path.Combine(cluster.DirectoryOf("a"), "snapshots"))[0];
        Flip(newest.Path, SealedHeader.Size + 100);
        await Assert.ThrowsAsync<UntrustedLogException>(() => cluster.RestartAsync("a"));
    }

    [Fact]
    public async Task An_untouched_log_starts_again_and_again()
    {
        await using var cluster = await RaftTestCluster.FoundAsync("a", options => options with { SnapshotEvery = 10 });
        for (var round = 0; round < 5; round++)
        {
            await cluster.LeaderAsync();
            for (var i = 0; i < 7; i++)
            {
                await ConsensusContract.CommitAsync(cluster, "a", $"n{round}-{i}");
            }

            await cluster.StopAsync("a");
            await cluster.RestartAsync("a");
        }

        await cluster.LeaderAsync();
        Assert.Equal(35, cluster["a"].View.Nodes.Count);
    }

    // Guard: CloseFile in SegmentedLog.Roll and in LogSegment.Open.
    [Fact]
    public async Task H10_a_log_of_many_segments_has_one_of_their_files_open()
    {
        // Segments of 16 entries, no snapshot.
        await using var cluster = await RaftTestCluster.FoundAsync("a", options => options with { SnapshotEvery = 1 });
        cluster.DiskOf("a").Before = NoSnapshots;
        await cluster.LeaderAsync();
        for (var i = 0; i < 100; i++)
        {
            await ConsensusContract.CommitAsync(cluster, "a", $"n{i}");
        }

        Assert.InRange(Segments(cluster.DirectoryOf("a")).Length, 5, 10);
        Assert.Equal(1, OpenSegments());
        await cluster.StopAsync("a");
        await cluster.RestartAsync("a");
        Assert.Equal(1, OpenSegments());

        int OpenSegments() => Directory.GetFiles("/proc/self/fd").Count(link =>
            new FileInfo(link).LinkTarget is { } file && file.StartsWith(cluster.DirectoryOf("a"), StringComparison.Ordinal) && file.EndsWith(".log", StringComparison.Ordinal));
    }

    // Guard: the task in LogMachine.Apply that writes the snapshot (write it at once).
    [Fact]
    public async Task H10_what_is_committed_is_applied_while_a_snapshot_is_written()
    {
        await using var cluster = await RaftTestCluster.FoundAsync("a", options => options with { SnapshotEvery = 16 });
        var writing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var release = new ManualResetEventSlim();
        cluster.DiskOf("a").Before = (call, path) =>
        {
            if (call == DiskCall.Create && path.Contains(".snapshot", StringComparison.Ordinal))
            {
                writing.TrySetResult();
                release.Wait();
            }
        };
        await cluster.LeaderAsync();
        try
        {
            for (var i = 0; i < 60; i++)
            {
                await ConsensusContract.CommitAsync(cluster, "a", $"n{i}").WaitAsync(TimeSpan.FromSeconds(20));
            }

            Assert.True(writing.Task.IsCompleted);
        }
        finally
        {
            release.Set();
        }
    }

    private static void NoSnapshots(DiskCall call, string path)
    {
        if (call == DiskCall.Create && path.Contains(".snapshot", StringComparison.Ordinal))
        {
            throw TestDisk.Error(LinuxError.InputOutput, "no snapshot in this test");
        }
    }

    private static string[] Segments(string directory) => [.. Directory.GetFiles(Path.Combine(directory, "log")).Order(StringComparer.Ordinal)];

    private static void Swap(string directory)
    {
        var segments = Segments(directory);
        File.Move(segments[0], segments[0] + ".x");
        File.Move(segments[1], segments[0]);
        File.Move(segments[0] + ".x", segments[1]);
    }

    /// <summary>Both slots from the file as it was when it was made.</summary>
    private static void Forget(string path)
    {
        File.Delete(path);
        VoteFile.Create(LinuxDisk.Instance, path).Dispose();
    }

    private static void Truncate(string path, long length)
    {
        using var file = File.OpenWrite(path);
        file.SetLength(length);
    }

    private static void Flip(string path, int offset)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[offset] ^= 0x10;
        File.WriteAllBytes(path, bytes);
    }

    private static void Zero(string path)
    {
        var bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, new byte[bytes.Length]);
    }
}
