using Swarm.Model;

namespace Swarm.Store.Tests;

/// <summary>What the store may expect of a consensus; run against every implementation.</summary>
public abstract class ConsensusContract
{
    internal abstract Task<TestCluster> FoundAsync(string id, int snapshotEvery = 10_000);

    [Fact]
    public async Task A_founded_cluster_of_one_commits()
    {
        await using var cluster = await FoundAsync("a");
        await cluster.LeaderAsync();
        await CommitAsync(cluster, "a", "n1");
        Assert.NotNull(cluster["a"].View.Nodes.Find("n1"));
    }

    [Fact]
    public async Task Every_member_applies_the_same_changes_in_the_same_order()
    {
        await using var cluster = await ThreeAsync();
        var histories = new Dictionary<string, List<string>>();
        var watches = cluster.Up.ToDictionary(node => node.Key, node => node.Value.Watch());
        var leader = await cluster.LeaderAsync();
        var writers = Enumerable.Range(0, 60)
            .Select(i => cluster[cluster.Up.Keys.ElementAt(i % 3)].CommitAsync(Create($"n{i:D2}"), CancellationToken.None)).ToArray();
        foreach (var writer in writers)
        {
            Assert.Equal(CommitStatus.Committed, (await cluster.Run(writer)).Status);
        }

        foreach (var (id, watch) in watches)
        {
            var seen = histories[id] = [];
            await cluster.Until(() =>
            {
                while (watch.Commits.TryRead(out var commit))
                {
                    seen.AddRange(commit.Changes.Select(change => $"{change.Object.Id}@{change.Object.Meta.Version}"));
                }

                return seen.Count >= 60;
            });
            watch.Dispose();
        }

        Assert.Equal(60, histories[leader].Count);
        Assert.All(histories.Values, history => Assert.Equal(histories[leader], history));
    }

    [Fact]
    public async Task A_follower_commits_through_the_leader_and_then_sees_its_own_write()
    {
        await using var cluster = await ThreeAsync();
        var leader = await cluster.LeaderAsync();
        foreach (var follower in cluster.Up.Keys.Where(id => id != leader))
        {
            var result = await CommitAsync(cluster, follower, "by-" + follower);
            Assert.Equal(result.Index, cluster[follower].View.Nodes.Find("by-" + follower)!.Meta.Version);
        }
    }

    [Fact]
    public async Task A_transaction_that_lost_the_race_is_refused_alone()
    {
        await using var cluster = await ThreeAsync();
        await CommitAsync(cluster, "a", "n1");
        await cluster.Until(() => cluster.Up.Values.All(store => store.View.Nodes.Find("n1") is not null));
        var read = cluster["a"].View.Nodes.Find("n1")!;
        var results = new List<CommitResult>();
        foreach (var attempt in cluster.Up.Values.Select(store => store.CommitAsync(new StoreTransaction().Update(read), CancellationToken.None)).ToArray())
        {
            results.Add(await cluster.Run(attempt));
        }

        Assert.Single(results, result => result.Status == CommitStatus.Committed);
        Assert.Equal(2, results.Count(result => result.Status == CommitStatus.Conflict && result.ObjectId == "n1"));
    }

    [Fact]
    public async Task Losing_the_leader_loses_nothing_and_the_rest_goes_on()
    {
        await using var cluster = await ThreeAsync();
        var old = await cluster.LeaderAsync();
        await CommitAsync(cluster, old, "before");
        await cluster.StopAsync(old);
        var next = await cluster.LeaderAsync();
        Assert.NotNull(cluster[next].View.Nodes.Find("before"));
        await CommitAsync(cluster, next, "after");
        await cluster.RestartAsync(old);
        await cluster.Until(() => cluster[old].View.Nodes.Find("after") is not null);
        Assert.NotNull(cluster[old].View.Nodes.Find("before"));
    }

    [Fact]
    public async Task A_leader_is_ready_only_when_everything_acknowledged_is_in_its_view()
    {
        await using var cluster = await ThreeAsync();
        var acknowledged = new List<string>();
        var missing = new List<string>();
        for (var round = 0; round < 3; round++)
        {
            var leader = await cluster.LeaderAsync();
            for (var i = 0; i < 10; i++)
            {
                await CommitAsync(cluster, leader, $"n{round}-{i}");
                acknowledged.Add($"n{round}-{i}");
            }

            foreach (var (id, store) in cluster.Up)
            {
                store.Consensus.LeadershipChanged += leadership =>
                {
                    if (leadership.IsLeader)
                    {
                        missing.AddRange(acknowledged.Where(name => store.View.Nodes.Find(name) is null).Select(name => $"{name} on {id}"));
                    }
                };
            }

            await cluster.Run(cluster[leader].Consensus.TransferLeadershipAsync(CancellationToken.None));
        }

        await cluster.LeaderAsync();
        Assert.Empty(missing);
    }

    [Fact]
    public async Task A_leader_cut_off_commits_nothing_and_serves_no_stale_read()
    {
        await using var cluster = await ThreeAsync();
        var old = await cluster.LeaderAsync();
        await CommitAsync(cluster, old, "before");
        cluster.Isolate(old);
        var next = await cluster.LeaderAsync(old);
        await CommitAsync(cluster, next, "after");
        var stale = cluster[old].ReadAsync(CancellationToken.None).AsTask();
        var write = cluster[old].CommitAsync(Create("never"), CancellationToken.None);
        await cluster.Until(() => stale.IsCompleted && write.IsCompleted);
        await Assert.ThrowsAsync<NoLeaderException>(() => stale);
        Assert.Contains((await write).Status, new[] { CommitStatus.NoLeader, CommitStatus.Unknown });
        cluster.Heal();
        await cluster.Until(() => cluster[old].View.Nodes.Find("after") is not null);
    }

    // Guard (H3): ApplyReadBarrierAsync in RaftConsensus.LeadBarrierAsync. Asked as soon as the leader is cut off, when it still believes that it leads.
    [Fact]
    public async Task A_leader_that_nobody_confirms_answers_no_read()
    {
        await using var cluster = await ThreeAsync();
        var old = await cluster.LeaderAsync();
        await CommitAsync(cluster, old, "before");
        cluster.Isolate(old);
        var read = cluster[old].Consensus.ReadBarrierAsync(CancellationToken.None).AsTask();
        await cluster.Until(() => read.IsCompleted);
        await Assert.ThrowsAsync<NoLeaderException>(() => read);
    }

    [Fact]
    public async Task An_entry_of_a_lost_leadership_is_either_everywhere_or_nowhere()
    {
        await using var cluster = await ThreeAsync();
        var old = await cluster.LeaderAsync();
        await CommitAsync(cluster, old, "before");
        cluster.Isolate(old);
        var write = cluster[old].CommitAsync(Create("maybe"), CancellationToken.None);
        var next = await cluster.LeaderAsync(old);
        await CommitAsync(cluster, next, "after");
        cluster.Heal();
        var status = (await cluster.Run(write)).Status;
        await cluster.Until(() => cluster.Up.Values.All(store => store.View.Nodes.Find("after") is not null));
        var views = new List<bool>();
        foreach (var store in cluster.Up.Values)
        {
            views.Add((await cluster.Run(store.ReadAsync(CancellationToken.None).AsTask())).Nodes.Find("maybe") is not null);
        }

        Assert.Single(views.Distinct());
        Assert.True(status == CommitStatus.Unknown || views[0] == (status == CommitStatus.Committed), $"{status}, but in the view: {views[0]}");
    }

    [Fact]
    public async Task A_read_on_any_member_sees_every_write_acknowledged_before()
    {
        await using var cluster = await ThreeAsync();
        for (var i = 0; i < 15; i++)
        {
            var writer = cluster.Up.Keys.ElementAt(i % 3);
            var reader = cluster.Up.Keys.ElementAt((i + 1) % 3);
            await CommitAsync(cluster, writer, $"n{i}");
            var view = await cluster.Run(cluster[reader].ReadAsync(CancellationToken.None).AsTask());
            Assert.NotNull(view.Nodes.Find($"n{i}"));
        }
    }

    [Fact]
    public async Task Without_a_majority_a_write_ends_within_a_bounded_time()
    {
        await using var cluster = await ThreeAsync();
        var survivor = (await cluster.LeaderAsync()) == "a" ? "b" : "a";
        foreach (var id in cluster.Up.Keys.Where(id => id != survivor).ToArray())
        {
            await cluster.StopAsync(id);
        }

        var result = await cluster.Run(cluster[survivor].CommitAsync(Create("never"), CancellationToken.None));
        Assert.Contains(result.Status, new[] { CommitStatus.NoLeader, CommitStatus.Unknown });
        Assert.Null(cluster[survivor].View.Nodes.Find("never"));
    }

    [Fact]
    public async Task A_removed_member_is_not_needed_and_does_not_disturb()
    {
        await using var cluster = await ThreeAsync();
        var leader = await cluster.LeaderAsync();
        var removed = cluster.Up.Keys.First(id => id != leader);
        Assert.True(await cluster.Run(cluster[leader].Consensus.RemoveMemberAsync(removed, CancellationToken.None)));
        await CommitAsync(cluster, leader, "without");
        var term = cluster[leader].Leadership.Term;
        for (var i = 0; i < 20; i++)
        {
            await CommitAsync(cluster, leader, $"n{i}");
        }

        Assert.Equal(term, cluster[leader].Leadership.Term);
        Assert.DoesNotContain(cluster[leader].Consensus.Members, member => member.NodeId == removed);
        Assert.False(await cluster.Run(cluster[leader].Consensus.RemoveMemberAsync(removed, CancellationToken.None)));
    }

    [Fact]
    public async Task The_leader_itself_can_be_removed_after_a_transfer()
    {
        await using var cluster = await ThreeAsync();
        var old = await cluster.LeaderAsync();
        await cluster.Run(cluster[old].Consensus.TransferLeadershipAsync(CancellationToken.None));
        string next;
        while ((next = await cluster.LeaderAsync()) == old)
        {
            await cluster.Run(cluster[old].Consensus.TransferLeadershipAsync(CancellationToken.None));
        }

        Assert.True(await cluster.Run(cluster[next].Consensus.RemoveMemberAsync(old, CancellationToken.None)));
        await cluster.StopAsync(old);
        await CommitAsync(cluster, next, "without");
    }

    [Fact]
    public async Task Only_the_leader_changes_the_membership()
    {
        await using var cluster = await ThreeAsync();
        var leader = await cluster.LeaderAsync();
        var follower = cluster.Up.Keys.First(id => id != leader);
        await Assert.ThrowsAsync<Consensus.NotLeadingException>(() => cluster.Run(cluster[follower].Consensus.RemoveMemberAsync(leader, CancellationToken.None)));
    }

    [Fact]
    public async Task All_members_killed_at_once_come_back_with_everything_acknowledged()
    {
        await using var cluster = await ThreeAsync();
        var leader = await cluster.LeaderAsync();
        for (var i = 0; i < 30; i++)
        {
            await CommitAsync(cluster, leader, $"n{i}");
        }

        foreach (var id in new[] { "a", "b", "c" })
        {
            await cluster.StopAsync(id);
        }

        foreach (var id in new[] { "a", "b", "c" })
        {
            await cluster.RestartAsync(id);
        }

        await cluster.LeaderAsync();
        foreach (var store in cluster.Up.Values)
        {
            var view = await cluster.Run(store.ReadAsync(CancellationToken.None).AsTask());
            Assert.Equal(30, view.Nodes.Count);
        }
    }

    [Fact]
    public async Task An_empty_member_gets_a_snapshot_when_the_log_is_gone()
    {
        await using var cluster = await FoundAsync("a", snapshotEvery: 20);
        await cluster.LeaderAsync();
        for (var i = 0; i < 50; i++)
        {
            await CommitAsync(cluster, "a", $"n{i:D2}");
        }

        await cluster.GrowAsync("b", "c");
        await CommitAsync(cluster, "a", "last");
        await cluster.Until(() => cluster.Up.Values.All(store => store.View.Nodes.Count == 51));
        var expected = cluster["a"].View.Nodes.Select(node => (node.Id, node.Meta.Version)).ToArray();
        Assert.All(cluster.Up.Values, store => Assert.Equal(expected, store.View.Nodes.Select(node => (node.Id, node.Meta.Version)).ToArray()));
    }

    internal static StoreTransaction Create(string id) => new StoreTransaction().Create(new Node { Id = id });

    internal static async Task<CommitResult> CommitAsync(TestCluster cluster, string on, string id)
    {
        var result = await cluster.Run(cluster[on].CommitAsync(Create(id), CancellationToken.None));
        Assert.True(result.IsCommitted, $"{id} on {on}: {result.Status}");
        return result;
    }

    private async Task<TestCluster> ThreeAsync()
    {
        var cluster = await FoundAsync("a");
        await cluster.LeaderAsync();
        await cluster.GrowAsync("b", "c");
        return cluster;
    }
}

public sealed class ConsensusContractOfRaft : ConsensusContract
{
    internal override async Task<TestCluster> FoundAsync(string id, int snapshotEvery) =>
        await RaftTestCluster.FoundAsync(id, options => options with { SnapshotEvery = snapshotEvery, KeptBehindSnapshot = snapshotEvery / 2 });
}

public sealed class ConsensusContractOfMemory : ConsensusContract
{
    internal override async Task<TestCluster> FoundAsync(string id, int snapshotEvery) => await MemoryTestCluster.FoundAsync(id, snapshotEvery);
}
