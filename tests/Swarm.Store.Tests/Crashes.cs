using Swarm.Store.Consensus.Raft;

namespace Swarm.Store.Tests;

public sealed class Crashes
{
    /// <summary>A copy of the folders of running nodes is what a kill -9 leaves: what they wrote, synced or not, and no goodbye.</summary>
    [Fact]
    public async Task Acknowledged_writes_survive_a_kill_of_all_managers_at_once()
    {
        await using var cluster = await RaftTestCluster.FoundAsync("a", options => options with { SnapshotEvery = 25, KeptBehindSnapshot = 10 });
        await cluster.LeaderAsync();
        await cluster.GrowAsync("b", "c");
        var leader = await cluster.LeaderAsync();
        for (var i = 0; i < 60; i++)
        {
            await ConsensusContract.CommitAsync(cluster, leader, $"n{i}");
        }

        var image = Directory.CreateTempSubdirectory("swarm-crash-").FullName;
        var network = new Network();
        var revived = new List<RaftNode>();
        try
        {
            foreach (var id in cluster.Up.Keys)
            {
                Copy(cluster.DirectoryOf(id), Path.Combine(image, id));
            }

            foreach (var id in cluster.Up.Keys)
            {
                revived.Add(await RaftNode.StartAsync(network, id, Path.Combine(image, id), RaftBootstrap.Join));
            }

            foreach (var node in revived)
            {
                var view = await cluster.Run(node.Store.ReadAsync(CancellationToken.None).AsTask());
                Assert.Equal(60, view.Nodes.Count);
            }
        }
        finally
        {
            foreach (var node in revived)
            {
                await node.DisposeAsync();
            }

            Directory.Delete(image, recursive: true);
        }
    }

    [Fact]
    public async Task A_member_that_lost_its_disk_is_removed_and_joins_again_empty()
    {
        await using var cluster = await RaftTestCluster.FoundAsync("a");
        await cluster.LeaderAsync();
        await cluster.GrowAsync("b", "c");
        var leader = await cluster.LeaderAsync();
        var lost = cluster.Up.Keys.First(id => id != leader);
        await ConsensusContract.CommitAsync(cluster, leader, "n1");
        await cluster.StopAsync(lost);
        Directory.Delete(cluster.DirectoryOf(lost), recursive: true);
        Assert.True(await cluster.Run(cluster[leader].Consensus.RemoveMemberAsync(lost, CancellationToken.None)));
        await cluster.GrowAsync(lost);
        await cluster.Until(() => cluster[lost].View.Nodes.Find("n1") is not null);
        await ConsensusContract.CommitAsync(cluster, lost, "n2");
    }

    [Fact]
    public async Task Five_managers_go_on_without_two_of_which_one_is_silent()
    {
        await using var cluster = await RaftTestCluster.FoundAsync("a");
        await cluster.LeaderAsync();
        await cluster.GrowAsync("b", "c", "d", "e");
        var leader = await cluster.LeaderAsync();
        var silent = cluster.Up.Keys.First(id => id != leader);
        cluster.Network.Silence(silent);
        await cluster.StopAsync(leader);
        var next = await cluster.LeaderAsync(silent);
        for (var i = 0; i < 20; i++)
        {
            await ConsensusContract.CommitAsync(cluster, next, $"n{i}");
        }
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            using var source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var copy = File.Create(target);
            source.CopyTo(copy);
        }
    }
}
