using DotNext.Net.Cluster.Consensus.Raft;
using Swarm.Store.Consensus.Raft;
using Swarm.Store.Consensus.Raft.Disk;

namespace Swarm.Store.Tests;

/// <summary>The quorum is lost for good and one survivor goes on alone.</summary>
public sealed class Recovery
{
    [Theory]
    [InlineData(10_000)]
    [InlineData(10)]
    public async Task A_survivor_goes_on_alone_with_everything_in_a_new_term(int snapshotEvery)
    {
        await using var cluster = await ThreeAsync(snapshotEvery);
        var survivor = cluster.Up.Keys.First(id => !cluster[id].Leadership.IsLeader);
        var term = cluster[survivor].Leadership.Term;
        await StopAllAsync(cluster);
        await cluster.RecoverAsync(survivor);
        Assert.Equal(survivor, await cluster.LeaderAsync());
        Assert.True(cluster[survivor].Leadership.Term > term);
        Assert.Equal(30, cluster[survivor].View.Nodes.Count);
        Assert.Equal([survivor], cluster[survivor].Consensus.Members.Select(member => member.NodeId));
        await ConsensusContract.CommitAsync(cluster, survivor, "after");

        // Again, and then as any node restarts: nothing is undone.
        await cluster.StopAsync(survivor);
        await cluster.RecoverAsync(survivor);
        await cluster.LeaderAsync();
        await cluster.StopAsync(survivor);
        await cluster.RestartAsync(survivor);
        await cluster.LeaderAsync();
        Assert.Equal(31, cluster[survivor].View.Nodes.Count);
        await cluster.GrowAsync("x", "y");
        await ConsensusContract.CommitAsync(cluster, "y", "by-y");
    }

    // Guard: RaftConsensus.IsLeftBehind. Without it an old leader of a higher term empties the recovered log.
    [Fact]
    public async Task Whoever_was_left_behind_cannot_take_the_recovered_log_over()
    {
        await using var cluster = await ThreeAsync(10_000);
        await StopAllAsync(cluster);
        await cluster.RecoverAsync("b");
        await cluster.LeaderAsync();
        var index = cluster["b"].View.Index;
        var message = AppendRequest.Begin(term: 1_000_000, previousIndex: 1, previousTerm: 1, commitIndex: 1_000);
        AppendRequest.Add(message, new CoreEntry(1_000_000, LogItemKind.Data, ReadOnlyMemory<byte>.Empty), []);
        var answer = new WireReader(await cluster["b"].HandleAsync("a", message.Written, CancellationToken.None));
        Assert.True(answer.Number() < 1_000_000);
        Assert.Equal(HeartbeatResult.Rejected, (HeartbeatResult)answer.Byte());
        Assert.True(cluster["b"].Leadership.IsLeader);
        Assert.True((await ConsensusContract.CommitAsync(cluster, "b", "after")).Index > index);
    }

    [Fact]
    public async Task Memberships_up_to_the_end_of_the_log_do_not_undo_the_recovery()
    {
        var directory = Directory.CreateTempSubdirectory("swarm-members-");
        try
        {
            var path = Path.Combine(directory.FullName, "members");
            using var members = new MemberStorage(path);
            await members.SaveConfigurationAsync(new MemberSet(["a", "b", "c"]), 5, CancellationToken.None);
            members.Recover("b", 9);
            Assert.False(await members.SaveConfigurationAsync(new MemberSet(["a", "b", "c", "d"]), 9, CancellationToken.None));
            Assert.Equal(["b"], new MemberStorage(path).Members.NodeIds);
            Assert.True(await members.SaveConfigurationAsync(new MemberSet(["b", "x"]), 10, CancellationToken.None));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Without_a_log_there_is_nothing_to_recover()
    {
        await using var cluster = await RaftTestCluster.FoundAsync("a");
        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => cluster.RecoverAsync("empty"));
        Assert.Contains(cluster.DirectoryOf("empty"), refusal.Message, StringComparison.Ordinal);
    }

    private static async Task<RaftTestCluster> ThreeAsync(int snapshotEvery)
    {
        var cluster = await RaftTestCluster.FoundAsync("a", options => options with { SnapshotEvery = snapshotEvery });
        await cluster.LeaderAsync();
        await cluster.GrowAsync("b", "c");
        for (var i = 0; i < 30; i++)
        {
            await ConsensusContract.CommitAsync(cluster, await cluster.LeaderAsync(), $"n{i}");
        }

        await cluster.Until(() => cluster.Up.Values.All(store => store.View.Nodes.Count == 30));
        return cluster;
    }

    private static async Task StopAllAsync(RaftTestCluster cluster)
    {
        foreach (var id in cluster.Up.Keys.ToArray())
        {
            await cluster.StopAsync(id);
        }
    }
}
