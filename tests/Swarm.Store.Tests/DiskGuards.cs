using Swarm.Store.Consensus.Raft;

namespace Swarm.Store.Tests;

/// <summary>H9 of design/store.md: a log that has forgotten something never starts. Guards: RaftFiles.Verify, the side record, the log's hashes.</summary>
public sealed class DiskGuards
{
    public static TheoryData<string> Damages => new(Damage.Keys);

    private static readonly Dictionary<string, Action<string>> Damage = new()
    {
        ["the checkpoint is emptied"] = directory => Truncate(Path.Combine(directory, "wal", "checkpoint"), 0),
        ["the state file is emptied"] = directory => Truncate(Path.Combine(directory, "wal", "state"), 0),
        ["the log is deleted"] = directory => Directory.Delete(Path.Combine(directory, "wal"), recursive: true),
        ["the record of promises is deleted"] = directory => File.Delete(Path.Combine(directory, "promises")),
        ["the record of promises is overwritten"] = directory => File.WriteAllBytes(Path.Combine(directory, "promises"), new byte[1024]),
        ["the members are changed"] = directory => Flip(Path.Combine(directory, "members"), 16),
        ["a bit of an entry flips"] = directory => Flip(LastFile(Path.Combine(directory, "wal", "data")), 300),
        ["a page of metadata is zeroed"] = directory => Zero(LastFile(Path.Combine(directory, "wal", "metadata"))),
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task H9_a_damaged_or_forgetful_log_is_refused(string damage)
    {
        await using var cluster = await RaftTestCluster.FoundAsync("a");
        await cluster.LeaderAsync();
        for (var i = 0; i < 20; i++)
        {
            await ConsensusContract.CommitAsync(cluster, "a", $"n{i}");
        }

        await cluster.StopAsync("a");
        Damage[damage](cluster.DirectoryOf("a"));
        var refusal = await Assert.ThrowsAsync<UntrustedLogException>(() => cluster.RestartAsync("a"));
        Assert.Contains(cluster.DirectoryOf("a"), refusal.Message, StringComparison.Ordinal);
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
        Flip(newest.Path, 100);
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

    private static string LastFile(string directory) => Directory.GetFiles(directory).OrderBy(path => int.Parse(Path.GetFileName(path))).Last();

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
