using System.Diagnostics;
using Swarm.Model;
using Xunit.Abstractions;

namespace Swarm.Store.Tests;

/// <summary>A member that needs everything, while the others go on.</summary>
public sealed class Lagging(ITestOutputHelper output)
{
    private const int Records = 190;
    private const int RecordSize = 1_400_000;

    [Fact]
    public async Task An_empty_member_catches_up_from_a_snapshot_of_250_MB_while_appends_go_on()
    {
        await using var cluster = await RaftTestCluster.FoundAsync("a");
        await cluster.LeaderAsync();
        for (var i = 0; i < Records; i++)
        {
            var config = new Config { Id = $"c{i}", Annotations = new Annotations { Name = $"c{i}" }, Data = new byte[RecordSize] };
            Assert.True((await cluster.Run(cluster["a"].CommitAsync(new StoreTransaction().Create(config), CancellationToken.None))).IsCommitted);
        }

        // A snapshot that fell due while another was being written waits for the next entry.
        var folder = cluster.DirectoryOf("a");
        var written = 0;
        while (!Directory.GetFiles(Path.Combine(folder, "snapshots"), "*.snapshot").Any(path => new FileInfo(path) is { Exists: true, Length: > 180_000_000 }))
        {
            await ConsensusContract.CommitAsync(cluster, "a", $"n{written++}");
        }

        // The log of all that is gone: what is behind a snapshot is kept only up to some bytes.
        await cluster.Until(() => Size(Path.Combine(folder, "log")) < 180_000_000);
        await cluster.StartEmptyAsync("b");
        var added = cluster["a"].Consensus.AddMemberAsync("b", CancellationToken.None);
        var (before, worst) = (written, TimeSpan.Zero);
        while (!added.IsCompleted || written < before + 50)
        {
            var started = Stopwatch.GetTimestamp();
            await ConsensusContract.CommitAsync(cluster, "a", $"n{written++}");
            var took = Stopwatch.GetElapsedTime(started);
            worst = took > worst ? took : worst;
        }

        Assert.True(await added);
        await cluster.Until(() => cluster["b"].View.Configs.Count == Records && cluster["b"].View.Nodes.Count == written);
        output.WriteLine($"{written - before} commits meanwhile, the slowest in {worst.TotalMilliseconds:F1} ms");
    }

    private static long Size(string directory) => Directory.GetFiles(directory).Sum(path => new FileInfo(path).Length);
}
