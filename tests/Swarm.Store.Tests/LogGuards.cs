using DotNext.IO;
using DotNext.Net.Cluster.Consensus.Raft;

namespace Swarm.Store.Tests;

/// <summary>The hazards of design/store.md that live in the log. Each says how to take its guard out: the test then fails.</summary>
public sealed class LogGuards
{
    // Guard: GuardedLog's follower append, the FlushAsync before it returns.
    [Fact]
    public async Task H1_a_follower_answers_only_when_the_entries_are_on_disk()
    {
        await using var bench = new LogBench("self", "leader", "third");
        await bench.MoveToTermAsync(1);
        for (long index = 1; index <= 200; index++)
        {
            await bench.AppendAsFollowerAsync(index, 1);
            Assert.Equal(index, bench.LastIndexOnDisk());
            Assert.Equal(index, bench.Promised.LastIndex);
        }
    }

    // Guard: the Math.Min with MajorityIndex in GuardedLog's CommitAsync.
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

    // Guard: the comparison with FirstIndex in GuardedLog's CommitAsync.
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

    // Guard: the comparison of terms in GuardedLog's leader append. The core reads the term when it is already the next leader's.
    [Fact]
    public async Task H4_a_deposed_leader_cannot_append_under_the_next_leaders_term()
    {
        await using var bench = new LogBench("self", "b", "c");
        await bench.LeadAsync(1);
        var last = await bench.AppendAsLeaderAsync(1);
        await bench.MoveToTermAsync(2);
        await Assert.ThrowsAsync<NotLeaderException>(() => bench.AppendAsLeaderAsync(2));
        await Assert.ThrowsAsync<NotLeaderException>(() => bench.AppendAsLeaderAsync(1));
        Assert.Equal(last, bench.Log.LastEntryIndex);
    }

    // Guard: LogMachine.InstallAsync writes to a temporary and verifies it. DotNext's own state machine leaves half a file under the final name.
    [Fact]
    public async Task H5_half_a_snapshot_is_never_taken_for_a_whole_one()
    {
        await using var bench = new LogBench("self", "leader");
        await bench.MoveToTermAsync(1);
        await bench.AppendAsFollowerAsync(1, 1, 1);
        await Assert.ThrowsAsync<IOException>(() => bench.InstallSnapshotAsync(new HalfSnapshot(), 1000));
        Assert.Empty(Directory.GetFiles(bench.SnapshotDirectory, "*.snapshot"));
        Assert.Null(bench.State.Restored);
        Assert.Equal(2, bench.Log.LastEntryIndex);
    }

    // Guard: SnapshotFile.Adopt verifies before it renames.
    [Fact]
    public async Task H5_a_snapshot_that_arrives_changed_is_refused()
    {
        await using var bench = new LogBench("self", "leader");
        await bench.MoveToTermAsync(1);
        await Assert.ThrowsAsync<InvalidDataException>(() => bench.InstallSnapshotAsync(new WrongSnapshot(), 1000));
        Assert.Empty(Directory.GetFiles(bench.SnapshotDirectory, "*.snapshot"));
    }

    // Guard: SkipKnownAsync in GuardedLog's follower append. DotNext ends the log where the late copy ends.
    [Fact]
    public async Task A_late_copy_of_an_old_append_removes_nothing()
    {
        await using var bench = new LogBench("self", "leader", "third");
        await bench.MoveToTermAsync(1);
        await bench.AppendAsFollowerAsync(1, 1, 1, 1, 1, 1);
        await bench.AppendAsFollowerAsync(2, 1, 1);
        Assert.Equal(5, bench.Log.LastEntryIndex);
    }

    [Fact]
    public async Task Entries_that_contradict_the_leaders_give_way_and_the_record_follows()
    {
        await using var bench = new LogBench("self", "leader", "third");
        await bench.MoveToTermAsync(1);
        await bench.AppendAsFollowerAsync(1, 1, 1, 1, 1, 1);
        await bench.MoveToTermAsync(2);
        await bench.AppendAsFollowerAsync(3, 2);
        Assert.Equal(3, bench.Log.LastEntryIndex);
        Assert.Equal(3, bench.Promised.LastIndex);
    }

    private abstract class FakeSnapshot : IRaftLogEntry
    {
        public long Term => 1;

        public bool IsSnapshot => true;

        public bool IsReusable => false;

        public long? Length => 10_000;

        public abstract ValueTask WriteToAsync<TWriter>(TWriter writer, CancellationToken token) where TWriter : IAsyncBinaryWriter;
    }

    private sealed class HalfSnapshot : FakeSnapshot
    {
        public override async ValueTask WriteToAsync<TWriter>(TWriter writer, CancellationToken token)
        {
            await writer.WriteAsync(new byte[5_000], null, token);
            throw new IOException("the connection to the leader broke in the middle");
        }
    }

    private sealed class WrongSnapshot : FakeSnapshot
    {
        public override ValueTask WriteToAsync<TWriter>(TWriter writer, CancellationToken token) => writer.WriteAsync(new byte[10_000], null, token);
    }
}
