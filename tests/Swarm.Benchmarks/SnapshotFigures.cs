using System.Diagnostics;
using LabApi = Swarm.Lab.Lab;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Benchmarks;

/// <summary>
/// What the snapshots of three managers, processes of their own with 100,000 tasks in the store, do to a client's writes: services created and removed,
/// each an entry of the log, so that one in ten thousand makes every manager take a snapshot.
/// </summary>
internal static class SnapshotFigures
{
    private const int Services = 100, Clients = 2, Pairs = 8000;

    public static Task MeasureAsync(string binary, Figures figures) => Bench.InLabAsync("bench-snapshot", ServiceFigures.All.Length, 0, binary, async lab =>
    {
        using (var client = lab.Connect("m1"))
        {
            await MemoryFigures.FillAsync(client, Services);
        }

        var snapshots = new SnapshotWatch(Directory.GetDirectories(Bench.Host.LabData(lab.Record.Name), "snapshots", SearchOption.AllDirectories));
        using var stop = new CancellationTokenSource();
        var watching = Task.Run(() => snapshots.WatchAsync(stop.Token));
        var leader = ServiceFigures.Leader(lab);
        var writes = await Bench.OnThreadsAsync(Clients, client => Write(lab, leader, client));
        await stop.CancelAsync();
        await watching;
        snapshots.Report([.. writes.SelectMany(one => one)], "100,000 tasks by three managers", figures);
    });

    private static List<(long Start, long End)> Write(LabApi lab, string manager, int client)
    {
        using var connection = ServiceFigures.Connect(lab, manager);
        var writes = new List<(long, long)>(Pairs * 2);
        for (var i = 0; i < Pairs; i++)
        {
            var start = Stopwatch.GetTimestamp();
            var id = RawConnection.Text(connection.Ask(RawConnection.Post("/v1.44/services/create", ServiceFigures.Service.Replace("NAME", $"brief-{client}-{i}", StringComparison.Ordinal))), "ID");
            var between = Stopwatch.GetTimestamp();
            connection.Ask(RawConnection.Request("DELETE", $"/v1.44/services/{id}"));
            writes.AddRange([(start, between), (between, Stopwatch.GetTimestamp())]);
        }

        return writes;
    }
}
