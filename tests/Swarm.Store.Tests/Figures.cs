using System.Diagnostics;
using System.Globalization;
using Swarm.Model;

namespace Swarm.Store.Tests;

/// <summary>Measures commits on three managers in one process, each with a log on this disk: `dotnet Swarm.Store.Tests.dll figures`.</summary>
internal static class Figures
{
    private const int Rounds = 3;
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(4);

    internal static async Task<int> RunAsync()
    {
        await using var cluster = await RaftTestCluster.FoundAsync("a");
        await cluster.LeaderAsync();
        await MeasureAsync(cluster, "one manager");
        await cluster.GrowAsync("b", "c");
        await MeasureAsync(cluster, "three managers");
        await MeasureManyAsync();
        return 0;
    }

    /// <summary>A store of many objects: a snapshot while writes go on, a restart, and what stays open.</summary>
    private static async Task MeasureManyAsync()
    {
        const int objects = 100_000, perTransaction = 200;
        await using var cluster = await RaftTestCluster.FoundAsync("a", options => options with { SnapshotEvery = 1_000 });
        await cluster.LeaderAsync();
        for (var i = 0; i < objects; i += perTransaction)
        {
            var transaction = new StoreTransaction();
            for (var j = i; j < i + perTransaction; j++)
            {
                transaction.Create(ConfigOf($"c{j}"));
            }

            Assert.True((await cluster["a"].CommitAsync(transaction, CancellationToken.None)).IsCommitted);
        }

        var snapshots = Path.Combine(cluster.DirectoryOf("a"), "snapshots");
        var worst = TimeSpan.Zero;
        var written = 0;
        for (var taken = 0; taken < 3; written++)
        {
            var names = string.Join(' ', Directory.GetFiles(snapshots, "*.snapshot"));
            var before = Stopwatch.GetTimestamp();
            Assert.True((await cluster["a"].CommitAsync(new StoreTransaction().Create(ConfigOf($"w{written}")), CancellationToken.None)).IsCommitted);
            var took = Stopwatch.GetElapsedTime(before);
            worst = took > worst ? took : worst;
            taken += names == string.Join(' ', Directory.GetFiles(snapshots, "*.snapshot")) ? 0 : 1;
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{written} writes during 3 snapshots of {objects} objects: the slowest {worst.TotalMilliseconds:F1} ms"));
        await cluster.StopAsync("a");
        var started = Stopwatch.GetTimestamp();
        await cluster.RestartAsync("a");
        await cluster.LeaderAsync();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"restart with {objects} objects: {Stopwatch.GetElapsedTime(started).TotalSeconds:F2} s; open files {Directory.GetFiles("/proc/self/fd").Length}"));
    }

    private static Config ConfigOf(string id) => new() { Id = id, Annotations = new Annotations { Name = id }, Data = new byte[600] };

    private static async Task MeasureAsync(RaftTestCluster cluster, string name)
    {
        foreach (var clients in new[] { 1, 16 })
        {
            for (var round = 0; round < Rounds; round++)
            {
                var leader = cluster[await cluster.LeaderAsync()];
                var latencies = new List<double>[clients];
                var started = Stopwatch.GetTimestamp();
                await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(async () =>
                {
                    var mine = latencies[client] = [];
                    while (Stopwatch.GetElapsedTime(started) < Length)
                    {
                        var before = Stopwatch.GetTimestamp();
                        var id = Guid.NewGuid().ToString("n");
                        var result = await leader.CommitAsync(new StoreTransaction().Create(ConfigOf(id)), CancellationToken.None);
                        Assert.True(result.IsCommitted, result.Status.ToString());
                        mine.Add(Stopwatch.GetElapsedTime(before).TotalMilliseconds);
                    }
                })));
                var all = latencies.SelectMany(one => one).Order().ToArray();
                var rate = all.Length / Stopwatch.GetElapsedTime(started).TotalSeconds;
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"{name}, {clients,2} clients: {rate,7:F0}/s, median {all[all.Length / 2]:F2} ms, 99% {all[all.Length * 99 / 100]:F2} ms, worst {all[^1]:F1} ms"));
            }
        }
    }
}
