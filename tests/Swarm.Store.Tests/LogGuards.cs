using DotNext.Net.Cluster.Consensus.Raft;
using Swarm.Store.Consensus.Raft;

namespace Swarm.Store.Tests;

/// <summary>The hazards of design/store.md that live in the log. Each says how to take its guard out: the test then fails.</summary>
public sealed class LogGuards
{
    // Guard: the Sync at the end of RaftLog.AppendAsFollowerAsync. The file's length at its last sync is what a power cut leaves of it.
    [Fact]
    public async Task H1_a_follower_answers_only_when_the_entries_are_on_disk()
    {
        await using var bench = new LogBench("self", "leader", "third");
        await bench.MoveToTermAsync(1);
        for (long index = 1; index <= 200; index++)
        {
            await bench.AppendAsFollowerAsync(index, 1);
            var segment = Directory.GetFiles(Path.Combine(bench.Directory, "log")).Single();
            Assert.Equal(new FileInfo(segment).Length, bench.Disk.SyncedLength(segment));
            Assert.Equal(index, bench.Log.DurableIndex);
            Assert.Equal(index, bench.MarkedIndex);
        }
    }

    // Guard: the wait for _syncing in RaftLog.CommitAsync, together with DurableIndex as the leader's own part of the majority.
    [Fact]
    public async Task H1_a_leader_counts_itself_only_when_its_own_entries_are_on_disk()
    {
        await using var bench = new LogBench("self");
        var first = await bench.LeadAsync(1);
        Assert.Equal(first, await bench.CommitAsync(first));
        using var release = new ManualResetEventSlim();
        bench.Disk.Before = (call, _) =>
        {
            if (call == DiskCall.Sync)
            {
                release.Wait();
            }
        };
        var last = await bench.AppendAsLeaderAsync(1);
        var commit = bench.CommitAsync(last);
        var (committed, soFar) = (commit.IsCompleted, bench.Log.CommittedIndex);
        release.Set();
        Assert.Equal((false, first), (committed, soFar));
        Assert.Equal(last, await commit);
    }

    // Guard: the Math.Min with MajorityIndex in RaftLog.CommitAsync.
    [Fact]
    public async Task H2_a_leader_commits_only_what_a_majority_holds_whatever_the_core_computed()
    {
        await using var bench = new LogBench("self", "b", "c", "d", "e");
        await bench.LeadAsync(1);
        var last = 0L;
        for (var i = 0; i < 10; i++)
        {
            last = await bench.AppendAsLeaderAsync(1);
        }

        bench.Matches.Acknowledge("b", 1, last);
        Assert.Equal(0, await bench.CommitAsync(last));
        bench.Matches.Acknowledge("c", 1, last - 4);
        Assert.Equal(last - 4, await bench.CommitAsync(last));
        bench.Matches.Acknowledge("d", 1, last);
        Assert.Equal(last, await bench.CommitAsync(last));
    }

    // Guard: the term in MatchTable.MajorityIndex, and Lower.
    [Fact]
    public async Task H2_acknowledgements_of_another_term_or_of_a_wiped_member_do_not_count()
    {
        await using var bench = new LogBench("self", "b", "c");
        bench.Matches.Acknowledge("b", 1, 5);
        await bench.LeadAsync(2);
        var last = await bench.AppendAsLeaderAsync(2);
        Assert.Equal(0, await bench.CommitAsync(last));
        bench.Matches.Acknowledge("b", 2, last);
        bench.Matches.Lower("b", 2, 0);
        Assert.Equal(0, await bench.CommitAsync(last));
    }

    // Guard: the comparison with FirstIndex in RaftLog.CommitAsync.
    [Fact]
    public async Task Entries_of_an_earlier_term_commit_only_with_one_of_this_term()
    {
        await using var bench = new LogBench("self", "b", "c");
        await bench.MoveToTermAsync(1);
        await bench.AppendAsFollowerAsync(1, 1, 1, 1);
        var first = await bench.LeadAsync(2);
        bench.Matches.Acknowledge("b", 2, first - 1);
        Assert.Equal(0, await bench.CommitAsync(first - 1));
        bench.Matches.Acknowledge("b", 2, first);
        Assert.Equal(first, await bench.CommitAsync(first));
    }

    // Guard: the comparison of terms in RaftLog.AppendAsLeaderAsync. The core reads the term when it is already the next leader's.
    [Fact]
    public async Task H4_a_deposed_leader_cannot_append_under_the_next_leaders_term()
    {
        await using var bench = new LogBench("self", "b", "c");
        await bench.LeadAsync(1);
        var last = await bench.AppendAsLeaderAsync(1);
        await bench.MoveToTermAsync(2);
        await Assert.ThrowsAsync<NotLeaderException>(() => bench.AppendAsLeaderAsync(2));
        await Assert.ThrowsAsync<NotLeaderException>(() => bench.AppendAsLeaderAsync(1));
        Assert.Equal(last, bench.Log.LastIndex);
    }

    // Guard: SnapshotDownload gives the file out only when it is complete, and LogMachine.TakeOverAsync proves it before it gets its name.
    [Fact]
    public async Task H5_half_a_snapshot_is_never_taken_for_a_whole_one()
    {
        await using var bench = new LogBench("self", "leader");
        await bench.MoveToTermAsync(1);
        await bench.AppendAsFollowerAsync(1, 1, 1);
        var whole = LogBench.SnapshotOf(new byte[200_000]);
        Assert.Null(bench.Download(whole[..100_000], 1000, 1, claimedLength: whole.Length));
        var half = new ReceivedSnapshot(Path.Combine(bench.SnapshotDirectory, "download.tmp"), 1000, 1);
        await Assert.ThrowsAsync<InvalidDataException>(() => bench.InstallSnapshotAsync(half));
        Assert.Empty(Directory.GetFiles(bench.SnapshotDirectory, "*.snapshot"));
        Assert.Null(bench.State.Restored);
        Assert.Equal(2, bench.Log.LastIndex);
    }

    // Guard: SnapshotFile.Adopt verifies before it renames.
    [Fact]
    public async Task H5_a_snapshot_that_arrives_changed_is_refused()
    {
        await using var bench = new LogBench("self", "leader");
        await bench.MoveToTermAsync(1);
        await bench.AppendAsFollowerAsync(1, 1, 1);
        var changed = LogBench.SnapshotOf(new byte[200_000]);
        changed[5] ^= 1;
        var received = bench.Download(changed, 1000, 1)!;
        await Assert.ThrowsAsync<InvalidDataException>(() => bench.InstallSnapshotAsync(received));
        Assert.Empty(Directory.GetFiles(bench.SnapshotDirectory, "*.snapshot"));
        Assert.Null(bench.State.Restored);
        Assert.Equal(2, bench.Log.LastIndex);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(65_520)]
    [InlineData(65_536)]
    [InlineData(300_000)]
    public async Task A_snapshot_that_arrives_whole_becomes_the_state_and_the_log_goes_on_after_it(int size)
    {
        await using var bench = new LogBench("self", "leader");
        await bench.MoveToTermAsync(1);
        await bench.AppendAsFollowerAsync(1, 1, 1);
        var state = Enumerable.Range(0, size).Select(i => (byte)(i * 7)).ToArray();
        await bench.InstallSnapshotAsync(bench.Download(LogBench.SnapshotOf(state), 1000, 1, chunk: 50_000)!);
        Assert.Equal(state, bench.State.Restored);
        Assert.Equal((1000, 1000, 1), (bench.Log.LastIndex, bench.Log.CommittedIndex, bench.Log.TermOf(1000)));
        await bench.AppendAsFollowerAsync(1001, 1, 1);
        Assert.Equal(1002, bench.Log.LastIndex);
    }

    // Guard: "continues" in RaftLog.InstallAsync; without it entries that a leader may have counted are forgotten.
    [Fact]
    public async Task Entries_behind_a_snapshot_of_the_same_history_stay()
    {
        await using var bench = new LogBench("self", "leader", "third");
        await bench.MoveToTermAsync(1);
        await bench.AppendAsFollowerAsync(1, 1, 1, 1, 1);
        await bench.InstallSnapshotAsync(bench.Download(LogBench.SnapshotOf([1]), 2, 1)!);
        Assert.Equal((4, 2), (bench.Log.LastIndex, bench.Log.CommittedIndex));
    }

    // Guard: the loop over "known" in RaftLog.AppendAsFollowerAsync. Without it the log ends where the late copy ends.
    [Fact]
    public async Task A_late_copy_of_an_old_append_removes_nothing()
    {
        await using var bench = new LogBench("self", "leader", "third");
        await bench.MoveToTermAsync(1);
        await bench.AppendAsFollowerAsync(1, 1, 1, 1, 1, 1);
        await bench.AppendAsFollowerAsync(2, 1, 1);
        Assert.Equal(5, bench.Log.LastIndex);
    }

    [Fact]
    public async Task Entries_that_contradict_the_leaders_give_way_and_the_record_follows()
    {
        await using var bench = new LogBench("self", "leader", "third");
        await bench.MoveToTermAsync(1);
        await bench.AppendAsFollowerAsync(1, 1, 1, 1, 1, 1);
        await bench.MoveToTermAsync(2);
        await bench.AppendAsFollowerAsync(3, 2);
        Assert.Equal(3, bench.Log.LastIndex);
        Assert.Equal(3, bench.MarkedIndex);
    }
}
