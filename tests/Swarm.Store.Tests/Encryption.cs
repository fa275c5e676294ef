using System.Text;
using Swarm.Model;
using Swarm.Store.Consensus.Raft;

namespace Swarm.Store.Tests;

public sealed class Encryption
{
    private static readonly byte[] Secret = Encoding.UTF8.GetBytes("the answer to everything, forty-two times over");

    [Fact]
    public async Task Nothing_of_the_store_can_be_read_from_the_files()
    {
        await using var cluster = await SomeAsync(TestKeys.One);
        await cluster.StopAsync("a");
        Assert.NotEmpty(Files(cluster, ".snapshot"));
        foreach (var file in Directory.GetFiles(cluster.DirectoryOf("a"), "*", SearchOption.AllDirectories))
        {
            var bytes = File.ReadAllBytes(file);
            Assert.True(bytes.AsSpan().IndexOf(Secret) < 0, file);
            Assert.True(bytes.AsSpan().IndexOf(TestKeys.One[0].Span) < 0, file);
        }
    }

    [Fact]
    public async Task Without_a_key_or_with_another_it_does_not_start_and_says_why()
    {
        var keys = TestKeys.One;
        await using var cluster = await RaftTestCluster.FoundAsync("a", options => options with { DataKeys = keys, SnapshotEvery = 10 });
        await cluster.LeaderAsync();
        await ConsensusContract.CommitAsync(cluster, "a", "n1");
        await cluster.StopAsync("a");
        keys = [];
        await Assert.ThrowsAsync<ArgumentException>(() => cluster.RestartAsync("a"));
        keys = [new byte[31]];
        await Assert.ThrowsAsync<ArgumentException>(() => cluster.RestartAsync("a"));
        keys = [TestKeys.Key(9)];
        var refusal = await Assert.ThrowsAsync<UntrustedLogException>(() => cluster.RestartAsync("a"));
        Assert.Contains("a key that this node does not have", refusal.Message, StringComparison.Ordinal);
        keys = [TestKeys.Key(9), .. TestKeys.One];
        await cluster.RestartAsync("a");
        await cluster.LeaderAsync();
        Assert.NotNull(cluster["a"].View.Nodes.Find("n1"));
    }

    [Fact]
    public async Task After_a_rotation_the_new_key_opens_everything_and_the_old_one_nothing()
    {
        var keys = TestKeys.One;
        await using var cluster = await SomeAsync(TestKeys.One, () => keys);
        IReadOnlyList<ReadOnlyMemory<byte>> next = [TestKeys.Key(2)];
        await Task.WhenAll(cluster.Raft("a").RewrapAsync(next, CancellationToken.None), WriteAsync(cluster, "during"));
        await WriteAsync(cluster, "after");
        await cluster.StopAsync("a");
        await Assert.ThrowsAsync<UntrustedLogException>(() => cluster.RestartAsync("a"));
        keys = next;
        await cluster.RestartAsync("a");
        await cluster.LeaderAsync();
        Assert.Equal(90, cluster["a"].View.Configs.Count);
    }

    // Guard: the order in SealedHeader.Rewrap: the free slot first, synced, then the old one.
    [Fact]
    public async Task A_rotation_that_is_cut_off_at_any_call_leaves_files_that_open_and_can_be_done_again()
    {
        var keys = TestKeys.One;
        await using var cluster = await SomeAsync(TestKeys.One, () => keys);
        var current = TestKeys.One;
        for (var (cut, done) = (1, false); !done; cut++)
        {
            IReadOnlyList<ReadOnlyMemory<byte>> next = [TestKeys.Key((byte)(cut + 1))];
            var disk = cluster.DiskOf("a");
            var stop = disk.Calls + cut;
            disk.Before = (call, path) =>
            {
                if (disk.Calls >= stop)
                {
                    throw TestDisk.Error(Linux.LinuxError.InputOutput, $"{call} {path}");
                }
            };
            try
            {
                await cluster.Raft("a").RewrapAsync(next, CancellationToken.None);
                done = true;
            }
            catch (IOException)
            {
                // The process dies here.
            }

            disk.Before = null;
            await cluster.StopAsync("a");
            keys = [.. next, .. current];
            await cluster.RestartAsync("a");
            await cluster.Raft("a").RewrapAsync(next, CancellationToken.None);
            await cluster.StopAsync("a");
            keys = current = next;
            await cluster.RestartAsync("a");
            await cluster.LeaderAsync();
            Assert.Equal(30, cluster["a"].View.Configs.Count);
        }
    }

    private static async Task<RaftTestCluster> SomeAsync(IReadOnlyList<ReadOnlyMemory<byte>> keys, Func<IReadOnlyList<ReadOnlyMemory<byte>>>? later = null)
    {
        var cluster = await RaftTestCluster.FoundAsync("a", options => options with { DataKeys = later?.Invoke() ?? keys, SnapshotEvery = 20 });
        await cluster.LeaderAsync();
        await WriteAsync(cluster, "before");
        await cluster.Until(() => Files(cluster, ".snapshot").Length > 0);
        return cluster;
    }

    private static async Task WriteAsync(RaftTestCluster cluster, string prefix)
    {
        for (var i = 0; i < 30; i++)
        {
            var config = new Config { Id = $"{prefix}{i}", Annotations = new Annotations { Name = $"{prefix}{i}" }, Data = Secret };
            Assert.True((await cluster["a"].CommitAsync(new StoreTransaction().Create(config), CancellationToken.None)).IsCommitted);
        }
    }

    private static string[] Files(RaftTestCluster cluster, string suffix) =>
        [.. Directory.GetFiles(cluster.DirectoryOf("a"), "*", SearchOption.AllDirectories).Where(path => path.EndsWith(suffix, StringComparison.Ordinal))];
}
