using System.Diagnostics;
using System.Globalization;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Benchmarks;

/// <summary>What a store has open and keeps in memory after many entries of the log, when what it holds does not grow.</summary>
internal static class EntryFigures
{
    private const int Writers = 64, Nodes = 1000;
    private const double MiB = 1048576;

    public static async Task MeasureAsync(int entries, Figures figures)
    {
        var root = Path.Combine(Directory.GetCurrentDirectory(), "artifacts", "bench-entries");
        Directory.CreateDirectory(root);
        try
        {
            await using var cluster = await StoreCluster.UpAsync(root, 1, snapshotEvery: 10_000);
            var store = cluster["m1"];
            for (var i = 0; i < Nodes; i++)
            {
                await store.CommitAsync(new StoreTransaction().Create(new Node { Id = i.ToString(CultureInfo.InvariantCulture) }), CancellationToken.None);
            }

            for (var part = 1; part <= 4; part++)
            {
                var until = (long)entries * part / 4;
                await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() => ProposeAsync(store, writer, until))));
                GC.Collect();
                var open = Directory.GetFiles("/proc/self/fd").Length;
                var disk = Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length) / MiB;
                figures.Add($"after {store.View.Index:N0} entries: open files of the process", "", "flat", [open], "");
                figures.Add($"after {store.View.Index:N0} entries: memory of the process (RSS)", "", "flat", [Process.GetCurrentProcess().WorkingSet64 / MiB], "MiB");
                figures.Add($"after {store.View.Index:N0} entries: the store's files", "", "flat", [disk], "MiB");
            }
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    /// <summary>Each an entry of its own: past the batches, which would make one of many.</summary>
    private static async Task ProposeAsync(Store.Replication.ReplicatedStore store, int writer, long until)
    {
        while (store.View.Index < until)
        {
            var node = store.View.Nodes.Find((writer % Nodes).ToString(CultureInfo.InvariantCulture))!;
            var transaction = new Store.Replication.LogTransaction { Changes = [.. new StoreTransaction().Update(node).Changes] };
            await store.Consensus.ProposeAsync(Codec.Serialize(new Store.Replication.LogBatch { Proposer = "nobody", Transactions = [transaction] }), store.Leadership.Term, CancellationToken.None);
        }
    }
}
