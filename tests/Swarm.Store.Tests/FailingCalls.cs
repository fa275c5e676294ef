using Swarm.Linux;
using Swarm.Store.Consensus.Raft.Disk;

namespace Swarm.Store.Tests;

/// <summary>
/// One life of a log - votes, appends over several segments, a tail that gives way, a snapshot of its own and one received - in which one call to
/// the disk fails, each in its turn; then it is opened again on a sound disk. Guards: SegmentedLog._broken with DiskHealth.ThrowIfBroken (out: what is
/// appended after a failed sync is acknowledged), and that the mark is lowered before the log is (out: a crash in between is taken for a loss).
/// </summary>
public sealed class FailingCalls
{
    [Theory]
    [InlineData(LinuxError.InputOutput)]
    [InlineData(LinuxError.NoSpace)]
    public async Task Whichever_call_fails_nothing_acknowledged_is_lost_and_nothing_is_acknowledged_after_a_failed_sync(int errno)
    {
        var reached = true;
        for (var call = 1; reached; call++)
        {
            var directory = Directory.CreateTempSubdirectory("swarm-call-").FullName;
            try
            {
                reached = await LiveAsync(directory, errno, call);
            }
            finally
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }

    /// <summary>Guard: SegmentedLog.DropAll (out: the log is refused, because entries before the received snapshot are missing).</summary>
    [Fact]
    public async Task A_segment_that_could_not_be_deleted_does_not_outlive_the_snapshot_that_takes_the_logs_place()
    {
        var directory = Directory.CreateTempSubdirectory("swarm-call-").FullName;
        try
        {
            var disk = new TestDisk();
            var refused = "";
            disk.Before = (call, path) =>
            {
                if (call == DiskCall.Delete && path.EndsWith(".log", StringComparison.Ordinal) && refused.Length == 0)
                {
                    refused = path;
                    throw TestDisk.Error(LinuxError.InputOutput, $"{call} {path}");
                }
            };
            await using (var bench = OpenSmall(directory, disk))
            {
                await bench.StartAsync();
                await bench.MoveToTermAsync(1);
                for (long index = 1; index <= 40; index += 4)
                {
                    await bench.AppendAsFollowerAsync(index, 1, 1, 1, 1);
                }

                await bench.CommitAsync(34);
                await bench.Log.WaitForApplyAsync(34, CancellationToken.None);
                await bench.InstallSnapshotAsync(bench.Download(LogBench.SnapshotOf(new byte[1000]), 60, 1)!);
                await bench.AppendAsFollowerAsync(61, 1, 1, 1);
                Assert.True(File.Exists(refused), "the deletion was not asked for, or not refused");
            }

            await using var again = OpenSmall(directory, new TestDisk());
            Assert.Equal(63, again.Log.LastIndex);
            Assert.False(File.Exists(refused));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }

        static LogBench OpenSmall(string directory, TestDisk disk) =>
            new(directory, disk, options => options with { SnapshotEvery = 32, KeptBehindSnapshot = 0 }, "self", "leader", "third");
    }

    private static async Task<bool> LiveAsync(string directory, int errno, int failing)
    {
        var disk = new TestDisk();
        var what = "";
        disk.Before = (call, path) =>
        {
            if (disk.Calls == failing)
            {
                what = $"call {failing}: {call} {Path.GetFileName(path)}";
                throw TestDisk.Error(errno, $"{call} {path}");
            }
        };
        var promised = new Promised();
        try
        {
            await using var bench = Open(directory, disk);
            try
            {
                await promised.LiveAsync(bench);
            }
            catch (Exception e) when (e is IOException or InvalidOperationException)
            {
                if (bench.Health.Broken.IsCompleted)
                {
                    var last = bench.Log.LastIndex;
                    await Assert.ThrowsAsync<BrokenDiskException>(() => bench.AppendAsFollowerAsync(last + 1, 9));
                    await Assert.ThrowsAsync<BrokenDiskException>(() => bench.MoveToTermAsync(10));
                    await Assert.ThrowsAsync<BrokenDiskException>(() => bench.CommitAsync(last));
                }
            }
        }
        catch (IOException) when (what.Length > 0)
        {
            // Not even opened.
        }

        disk.Before = null;
        await using var again = Open(directory, new TestDisk());
        promised.AssertKeptBy(again, what);
        await again.StartAsync();
        await again.MoveToTermAsync(20);
        await again.AppendAsFollowerAsync(again.Log.LastIndex + 1, 20);
        return what.Length > 0;
    }

    private static LogBench Open(string directory, TestDisk disk) =>
        new(directory, disk, options => options with { SnapshotEvery = 16, KeptBehindSnapshot = 4 }, "self", "leader", "third");

    private sealed class Promised
    {
        private readonly Dictionary<long, long> _terms = [];
        private long _term;
        private byte[] _vote = [];

        internal async Task LiveAsync(LogBench bench)
        {
            await bench.StartAsync();
            await bench.MoveToTermAsync(1);
            _term = 1;
            await VoteAsync(bench, "leader");
            for (long index = 1; index <= 40; index += 4)
            {
                await AppendAsync(bench, index, 1, 1, 1, 1);
            }

            await bench.CommitAsync(34);
            await bench.Log.WaitForApplyAsync(34, CancellationToken.None);
            await bench.MoveToTermAsync(2);
            (_term, _vote) = (2, []);
            await VoteAsync(bench, "third");

            // The next leader does not have them, so nobody counts on them any more.
            for (long index = 36; index <= 40; index++)
            {
                _terms.Remove(index);
            }

            await AppendAsync(bench, 36, 2, 2);
            await bench.InstallSnapshotAsync(bench.Download(LogBench.SnapshotOf(new byte[100_000]), 60, 2)!);
            for (long index = 38; index <= 60; index++)
            {
                _terms[index] = 2;
            }

            await AppendAsync(bench, 61, 2, 2, 2);
        }

        internal void AssertKeptBy(LogBench bench, string what)
        {
            Assert.True(bench.Log.Term >= _term, $"{what}: term {bench.Log.Term}, but {_term} was seen");
            if (bench.Log.Term == _term && _vote.Length > 0)
            {
                Assert.True(bench.Log.IsVotedFor(new DotNext.Net.Cluster.ClusterMemberId(_vote)) && !bench.Log.IsVotedFor(default), $"{what}: forgot the vote");
            }

            foreach (var (index, term) in _terms)
            {
                Assert.True(index <= bench.Log.CommittedIndex || (index <= bench.Log.LastIndex && bench.Log.TermOf(index) == term), $"{what}: entry {index} is gone");
            }
        }

        private async Task VoteAsync(LogBench bench, string candidate)
        {
            await bench.AsCoreSeesIt.UpdateVotedForAsync(Consensus.Raft.NodeEndPoint.MemberIdOf(candidate));
            _vote = Consensus.Raft.MemberBytes.Of(candidate);
        }

        private async Task AppendAsync(LogBench bench, long index, params long[] terms)
        {
            await bench.AppendAsFollowerAsync(index, terms);
            for (var i = 0; i < terms.Length; i++)
            {
                _terms[index + i] = terms[i];
            }
        }
    }
}
