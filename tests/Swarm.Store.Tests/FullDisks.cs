using System.Diagnostics;
using Swarm.Linux;
using Swarm.Model;
using Swarm.Store.Consensus.Raft;

namespace Swarm.Store.Tests;

/// <summary>A disk that is full: the manager steps down and says so, loses nothing it acknowledged, and goes on by itself once there is space.</summary>
public sealed class FullDisks
{
    // Guard: MindDiskAsync in RaftConsensus (it steps down), and Abstains (it does not stand again).
    [Fact]
    public async Task A_leader_whose_disk_is_full_gives_way_and_returns_when_there_is_space()
    {
        await using var cluster = await RaftTestCluster.FoundAsync("a");
        await cluster.LeaderAsync();
        await cluster.GrowAsync("b", "c");
        var full = await cluster.LeaderAsync();
        await ConsensusContract.CommitAsync(cluster, full, "before");
        cluster.DiskOf(full).Full = true;
        var write = cluster[full].CommitAsync(ConsensusContract.Create("during"), CancellationToken.None);
        var next = await cluster.LeaderAsync(full);
        Assert.Equal(CommitStatus.Committed, (await cluster.Run(write)).Status);
        Assert.False(cluster[full].Leadership.IsLeader);
        Assert.Contains("No space left", cluster.Raft(full).DiskFailure!.Why, StringComparison.Ordinal);
        for (var i = 0; i < 20; i++)
        {
            await ConsensusContract.CommitAsync(cluster, next, $"n{i}");
        }

        Assert.Null(cluster[full].View.Nodes.Find("n19"));
        cluster.DiskOf(full).Full = false;
        await cluster.Until(() => cluster[full].View.Nodes.Find("n19") is not null);
        Assert.Null(cluster.Raft(full).DiskFailure);
        await ConsensusContract.CommitAsync(cluster, full, "after");
    }

    // Guard: the pause of a no-op in RaftLog.AppendAsLeaderAsync (isNoOp); without it the core stays a candidate for ever.
    [Fact]
    public async Task A_lone_manager_refuses_writes_while_its_disk_is_full_and_takes_them_again_without_a_restart()
    {
        await using var cluster = await RaftTestCluster.FoundAsync("a");
        await cluster.LeaderAsync();
        await ConsensusContract.CommitAsync(cluster, "a", "before");
        cluster.DiskOf("a").Full = true;
        Assert.Equal(CommitStatus.NoLeader, (await cluster.Run(cluster["a"].CommitAsync(ConsensusContract.Create("never"), CancellationToken.None))).Status);
        Assert.NotNull(cluster.Raft("a").DiskFailure);
        cluster.DiskOf("a").Full = false;
        await cluster.LeaderAsync();
        await ConsensusContract.CommitAsync(cluster, "a", "after");
        Assert.Null(cluster["a"].View.Nodes.Find("never"));

        // And it starts on a full disk, too.
        await cluster.StopAsync("a");
        cluster.DiskOf("a").Full = true;
        await cluster.RestartAsync("a");
        await cluster.Until(() => cluster.Raft("a").DiskFailure is not null);
        cluster.DiskOf("a").Full = false;
        await cluster.LeaderAsync();
        Assert.NotNull(cluster["a"].View.Nodes.Find("after"));
    }

    [Fact]
    public async Task A_follower_whose_disk_is_full_acknowledges_nothing()
    {
        await using var cluster = await RaftTestCluster.FoundAsync("a");
        await cluster.LeaderAsync();
        await cluster.GrowAsync("b", "c");
        var leader = await cluster.LeaderAsync();
        var followers = cluster.Up.Keys.Where(id => id != leader).ToArray();
        foreach (var follower in followers)
        {
            cluster.DiskOf(follower).Full = true;
        }

        var write = cluster[leader].CommitAsync(ConsensusContract.Create("late"), CancellationToken.None);
        await cluster.Until(() => followers.All(id => cluster.Raft(id).DiskFailure is not null));
        Assert.All(cluster.Up.Values, store => Assert.Null(store.View.Nodes.Find("late")));
        foreach (var follower in followers)
        {
            cluster.DiskOf(follower).Full = false;
        }

        var status = (await cluster.Run(write)).Status;
        await ConsensusContract.CommitAsync(cluster, await cluster.LeaderAsync(), "after");
        Assert.True(status != CommitStatus.Committed || cluster[await cluster.LeaderAsync()].View.Nodes.Find("late") is not null);
    }

    // Guard: Break in RaftLog.OrBreak, which ends the process. That the sync after the failed one, which succeeds as Linux's does, is not believed
    // (SegmentedLog._broken, DiskHealth.ThrowIfBroken) is what FailingCalls shows.
    [Fact]
    public async Task A_leader_whose_sync_fails_ends_and_its_restart_has_everything_acknowledged()
    {
        await using var cluster = await RaftTestCluster.FoundAsync("a");
        await cluster.LeaderAsync();
        await cluster.GrowAsync("b", "c");
        var broken = await cluster.LeaderAsync();
        await ConsensusContract.CommitAsync(cluster, broken, "before");
        var failed = 0;
        cluster.DiskOf(broken).Before = (call, path) =>
        {
            if (call == DiskCall.Sync && path.Contains("/log/", StringComparison.Ordinal) && Interlocked.Exchange(ref failed, 1) == 0)
            {
                throw TestDisk.Error(LinuxError.InputOutput, $"fdatasync {path}");
            }
        };
        var write = cluster[broken].CommitAsync(ConsensusContract.Create("during"), CancellationToken.None);
        await cluster.Until(() => cluster.Raft(broken).Failed.IsCompleted);
        Assert.Contains("Input/output error", (await cluster.Raft(broken).Failed).Message, StringComparison.Ordinal);
        var next = await cluster.LeaderAsync(broken);
        await ConsensusContract.CommitAsync(cluster, next, "without");
        var status = (await cluster.Run(write)).Status;
        await cluster.StopAsync(broken);
        await cluster.RestartAsync(broken);
        await cluster.Until(() => cluster[broken].View.Nodes.Find("without") is not null);
        Assert.NotNull(cluster[broken].View.Nodes.Find("before"));
        Assert.True(status != CommitStatus.Committed || cluster[next].View.Nodes.Find("during") is not null);
    }

    [RootFact]
    public async Task A_real_file_system_that_fills_up_and_is_emptied_again()
    {
        var directory = Directory.CreateTempSubdirectory("swarm-full-").FullName;
        Mount("mount", "-t", "tmpfs", "-o", "size=24m", "swarm-test", directory);
        try
        {
            await using var cluster = await RaftTestCluster.FoundAsync("elsewhere");
            List<string> acknowledged = [];
            await using (var node = await RaftNode.StartAsync(new Network(), "a", Path.Combine(directory, "raft"), RaftBootstrap.Found))
            {
                await cluster.Until(() => node.Store.Leadership.IsLeader);
                while (await WriteAsync(node, $"c{acknowledged.Count}"))
                {
                    acknowledged.Add($"c{acknowledged.Count}");
                    if (acknowledged.Count == 20)
                    {
                        using var filler = File.Create(Path.Combine(directory, "filler"));
                        Assert.Throws<IOException>(() => filler.Write(new byte[32 << 20]));
                    }
                }

                Assert.InRange(acknowledged.Count, 20, 60);
                Assert.Contains("No space left", node.Consensus.DiskFailure!.Why, StringComparison.Ordinal);
                File.Delete(Path.Combine(directory, "filler"));
                await cluster.Until(() => node.Store.Leadership.IsLeader);
                Assert.True(await WriteAsync(node, "after"));
            }

            await using var again = await RaftNode.StartAsync(new Network(), "a", Path.Combine(directory, "raft"), RaftBootstrap.Join);
            await cluster.Until(() => again.Store.Leadership.IsLeader);
            Assert.All(acknowledged, id => Assert.NotNull(again.Store.View.Configs.Find(id)));
            Assert.NotNull(again.Store.View.Configs.Find("after"));
        }
        finally
        {
            Mount("umount", "-l", directory);
            Directory.Delete(directory);
        }
    }

    private static async Task<bool> WriteAsync(RaftNode node, string id)
    {
        var config = new Config { Id = id, Annotations = new Annotations { Name = id }, Data = new byte[400_000] };
        return (await node.Store.CommitAsync(new StoreTransaction().Create(config), CancellationToken.None)).IsCommitted;
    }

    private static void Mount(string command, params string[] arguments)
    {
        using var process = Process.Start(command, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
