using System.Diagnostics;
using Swarm.Store;
using Swarm.Store.Replication;

namespace Swarm.Benchmarks;

/// <summary>The tables alone, in this process and just-in-time compiled: what an object costs in memory, in a snapshot and at a restart.</summary>
internal static class TableFigures
{
    private const int Objects = 100_000;

    public static void Measure(int runs, Figures figures)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var tables = Fill(out var entries);
        var memory = (GC.GetTotalMemory(forceFullCollection: true) - before) / 1048576.0;
        figures.Add("managed memory of 100,000 tasks", "", "", [memory], "MiB");
        figures.Add("applied to the tables, 512 tasks an entry", "", "", [Objects / entries.TotalSeconds / 1000], "thousand/s");

        var (write, read, update, pause) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (var i = 0; i < runs; i++)
        {
            var bytes = new MemoryStream(1 << 27);
            var allocated = GC.GetTotalAllocatedBytes(precise: true);
            var watch = Stopwatch.StartNew();
            StoreSnapshot.Write(tables.View, bytes);
            write.Add(watch.Elapsed.TotalMilliseconds);
            Console.Error.WriteLine($"snapshot of {bytes.Length >> 20} MiB, {(GC.GetTotalAllocatedBytes(precise: true) - allocated) >> 20} MiB allocated");
            bytes = new MemoryStream(bytes.GetBuffer(), 0, (int)bytes.Length);
            watch.Restart();
            var view = StoreSnapshot.Read(bytes);
            read.Add(watch.Elapsed.TotalMilliseconds);
            GC.KeepAlive(view);

            watch.Restart();
            GC.Collect(2, GCCollectionMode.Forced, blocking: true);
            pause.Add(watch.Elapsed.TotalMilliseconds);

            watch.Restart();
            var count = 0;
            foreach (var task in tables.View.Tasks.Take(20_000))
            {
                tables.Apply(tables.View.Index + 1, DateTimeOffset.UnixEpoch, new StoreTransaction().Update(task with { SpecVersion = i }).Changes);
                count++;
            }

            update.Add(count / watch.Elapsed.TotalSeconds / 1000);
        }

        figures.Add("100,000 tasks written as a snapshot, to memory", "", "", write, "ms");
        figures.Add("100,000 tasks read from a snapshot", "", "", read, "ms");
        figures.Add("a full blocking collection with 200,000 tasks", "", "", pause, "ms");
        figures.Add("updates of one task each, encoded and applied", "", "", update, "thousand/s");
    }

    private static ObjectTables Fill(out TimeSpan elapsed)
    {
        var tables = new ObjectTables();
        List<StoreTransaction> transactions = [.. SampleTasks.Creating(SampleTasks.Make(Objects))];
        var bytes = transactions.Select(transaction => Model.Codec.Serialize(new LogTransaction { Changes = [.. transaction.Changes] })).ToList();
        var watch = Stopwatch.StartNew();
        foreach (var entry in bytes)
        {
            tables.Apply(tables.View.Index + 1, DateTimeOffset.UnixEpoch, Model.Codec.Deserialize<LogTransaction>(entry).Changes);
        }

        elapsed = watch.Elapsed;
        return tables;
    }
}
