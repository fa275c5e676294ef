using Swarm.Store.Consensus.Raft;

namespace Swarm.Store.Tests;

/// <summary>H2 of design/store.md: what the core takes for a majority when a member is installing a snapshot.</summary>
public sealed class Quorums
{
    // Guard: the Math.Min with MajorityIndex in RaftLog.CommitAsync. Without it the write is acknowledged with two copies of five: the core takes the median
    // of the first three answers, and the answer to a snapshot is one. Only the round that carries the write can show it, and only while nobody stands for
    // election: so heartbeats and elections are slow here, and the write begins when a round has just been refused its snapshot.
    [Fact]
    public async Task H2_five_members_of_which_two_are_dead_and_one_installs_a_snapshot_acknowledge_nothing_on_two()
    {
        await using var cluster = await RaftTestCluster.FoundAsync("a", options => options with
        {
            SnapshotEvery = 16,
            KeptBehindSnapshot = 0,
            SettleTimeout = TimeSpan.FromSeconds(1),
            Heartbeat = TimeSpan.FromSeconds(1),
            LowerElectionTimeout = TimeSpan.FromSeconds(4),
            UpperElectionTimeout = TimeSpan.FromSeconds(8),
            AppendTimeout = TimeSpan.FromSeconds(4),
        });
        await cluster.LeaderAsync();
        await cluster.GrowAsync("b", "c", "d", "e");
        var leader = await cluster.LeaderAsync();
        var others = cluster.Up.Keys.Where(id => id != leader).ToArray();
        var (lagging, dead) = (others[1], others[2..]);
        await cluster.StopAsync(lagging);
        for (var i = 0; i < 60; i++)
        {
            await ConsensusContract.CommitAsync(cluster, leader, $"n{i}");
        }

        // From the moment that the write is in the leader's log: two are dead to it, and the lagging one takes the snapshot and nothing else. Before, it
        // takes nothing at all.
        var log = cluster.Raft(leader);
        var before = log.LastIndex;
        var refused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Network.Intercept = (_, to, request) =>
        {
            var written = log.LastIndex > before;
            switch ((RaftKind)request.Span[0])
            {
                case RaftKind.SnapshotChunk when !written:
                    refused.TrySetResult();
                    return default(ReadOnlyMemory<byte>?);
                case RaftKind.Append when to == lagging || (written && dead.Contains(to)):
                    return default(ReadOnlyMemory<byte>?);
                default:
                    return request;
            }
        };
        await cluster.RestartAsync(lagging);
        string[] ids = [.. cluster.Up.Keys];
        await cluster.Run(refused.Task);
        var result = await cluster.Run(cluster[leader].CommitAsync(ConsensusContract.Create("on-two"), CancellationToken.None));
        string[] holders = [.. ids.Where(id => cluster.Raft(id).LastIndex >= result.Index)];
        Assert.True(!result.IsCommitted || holders.Length >= 3, $"acknowledged, but only {string.Join(", ", holders)} of five have it");

        // What was not acknowledged is decided once there is a majority again.
        cluster.Network.Intercept = null;
        await ConsensusContract.CommitAsync(cluster, await cluster.LeaderAsync(), "after");
    }
}
