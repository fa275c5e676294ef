using System.Diagnostics;
using System.Globalization;
using LabApi = Swarm.Lab.Lab;

namespace Swarm.Benchmarks;

/// <summary>
/// Services created through the API of three managers, fsync on: how many a second, and what each costs in processor time, which another load on the
/// machine changes less.
/// </summary>
internal static class ServiceFigures
{
    private const int Managers = 3;
    private const double TicksPerSecond = 100;

    private const string Service = """
        {"Name":"NAME","TaskTemplate":{"ContainerSpec":{"Image":"busybox:latest","Args":["sleep","infinity"]}},"Mode":{"Replicated":{"Replicas":0}}}
        """;

    public static Task MeasureAsync(string binary, int runs, Figures figures) => Bench.InLabAsync("bench-api", Managers, 0, binary, async lab =>
    {
        await MeasureAsync(lab, 1, 1500, runs, figures, "199", ">= 400");
        await MeasureAsync(lab, 16, 6000, runs, figures, "239", ">= 3,000");
    });

    private static async Task MeasureAsync(LabApi lab, int clients, int count, int runs, Figures figures, string docker, string target)
    {
        var (rates, costs, slowest) = (new List<double>(), new List<double>(), new List<double>());
        for (var run = 0; run < runs; run++)
        {
            var prefix = string.Create(CultureInfo.InvariantCulture, $"c{clients}-{run}");
            var before = ProcessorSeconds(lab);
            var watch = Stopwatch.StartNew();
            var ids = await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(() => CreateAsync(lab, prefix, client, count / clients))));
            rates.Add(ids.Sum(found => found.Count) / watch.Elapsed.TotalSeconds);
            costs.Add((ProcessorSeconds(lab) - before) * 1e6 / ids.Sum(found => found.Count));
            slowest.Add(ids.Max(found => found.Max(one => one.Milliseconds)));
            await Task.WhenAll(ids.Select((found, client) => Task.Run(() => RemoveAsync(lab, client, found.ConvertAll(one => one.Id)))));
        }

        var by = clients == 1 ? "1 client" : $"{clients} clients";
        figures.Add($"services created on three managers by {by}", $"{docker}/s", $"{target}/s", rates, "/s");
        figures.Add($"processor time of all three managers for one of them, {by}", "", "", costs, "us");
        figures.Add($"the slowest of them, {by}", "", "", slowest, "ms");
    }

    private static async Task<List<(string Id, double Milliseconds)>> CreateAsync(LabApi lab, string prefix, int client, int count)
    {
        using var connection = Connect(lab, client);
        var ids = new List<(string, double)>(count);
        for (var i = 0; i < count; i++)
        {
            var body = Service.Replace("NAME", $"{prefix}-{client}-{i}", StringComparison.Ordinal);
            var started = Stopwatch.GetTimestamp();
            var answer = await connection.AskAsync(RawConnection.Post("/v1.44/services/create", body));
            ids.Add((answer.GetProperty("ID").GetString()!, Stopwatch.GetElapsedTime(started).TotalMilliseconds));
        }

        return ids;
    }

    private static async Task RemoveAsync(LabApi lab, int client, List<string> ids)
    {
        using var engine = lab.Connect(Manager(client));
        foreach (var id in ids)
        {
            await engine.RemoveServiceAsync(id, CancellationToken.None);
        }
    }

    private static string Manager(int client) => $"m{(client % Managers) + 1}";

    private static RawConnection Connect(LabApi lab, int client) => new(lab.Paths(Manager(client)).Socket);

    private static double ProcessorSeconds(LabApi lab) => ProcessorSeconds(lab.Record.Nodes.Select(node => node.Daemon!.Pid));

    /// <summary>User and system time, as proc(5) says in /proc/PID/stat.</summary>
    internal static double ProcessorSeconds(IEnumerable<int> processes) => processes.Sum(process =>
    {
        var stat = File.ReadAllText($"/proc/{process}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    });
}
