using System.Collections.Concurrent;
using System.Diagnostics;
using Swarm.Store;

namespace Swarm.Benchmarks;

/// <summary>
/// Three managers' stores with 100,000 tasks, in this process, on the disk of the current folder with fsync on: what a snapshot does to the writes
/// that go on, and how long a restart takes.
/// </summary>
internal static class StoreFigures
{
    private const int Objects = 100_000, Writers = 8, SnapshotEvery = 500;
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(15);

    public static async Task MeasureAsync(int runs, Figures figures)
    {
        var root = Path.Combine(Directory.GetCurrentDirectory(), "artifacts", "bench-store");
        Directory.CreateDirectory(root);
        try
        {
            await using var cluster = await StoreCluster.UpAsync(root, 3, SnapshotEvery);
            await cluster.FillAsync(SampleTasks.Make(Objects));
            await WritesAsync(cluster, root, figures);

            var (restarts, processor) = (new List<double>(), new List<double>());
            for (var i = 0; i < runs; i++)
            {
                var before = Environment.CpuUsage.TotalTime;
                restarts.Add(await cluster.RestartAsync("m3", view => view.Tasks.Count == Objects));
                processor.Add((Environment.CpuUsage.TotalTime - before).TotalSeconds);
            }

            figures.Add("processor time of it, with what the other two spent meanwhile", "", "", processor, "s");

            figures.Add($"restart of a store with {Objects:N0} tasks, until it has them", "", "<= 2 s", restarts, "s");
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static async Task WritesAsync(StoreCluster cluster, string root, Figures figures)
    {
        var writes = new ConcurrentBag<(long Start, long End)>();
        var snapshots = new SnapshotWatch(root);
        using var stop = new CancellationTokenSource(Measured);
        var watching = Task.Run(() => snapshots.WatchAsync(stop.Token));
        var ids = cluster["m1"].View.Tasks.Take(Writers * 100).Select(task => task.Id).ToArray();
        var pauses = GC.GetTotalPauseDuration();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            var store = cluster[$"m{(writer % 3) + 1}"];
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                var task = store.View.Tasks.Find(ids[(writer * 100) + (i % 100)])!;
                var start = Stopwatch.GetTimestamp();
                var result = await store.CommitAsync(new StoreTransaction().Update(task with { SpecVersion = i }), CancellationToken.None);
                if (!result.IsCommitted)
                {
                    throw new InvalidOperationException($"a write ended as {result.Status}");
                }

                writes.Add((start, Stopwatch.GetTimestamp()));
            }
        })));
        await watching;
        Console.Error.WriteLine($"{(GC.GetTotalPauseDuration() - pauses).TotalMilliseconds:0} ms of collections' pauses, of all three");
        snapshots.Report([.. writes], $"{Objects:N0} tasks", figures);
    }
}
