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
        return 0;
    }

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
                        var config = new Config { Id = id, Annotations = new Annotations { Name = id }, Data = new byte[600] };
                        var result = await leader.CommitAsync(new StoreTransaction().Create(config), CancellationToken.None);
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
