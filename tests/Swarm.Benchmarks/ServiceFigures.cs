using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
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

    /// <summary>
    /// Labs that stand already, of a version each, driven in turns: where other work takes its part of the machine, only what they cost compares.
    /// </summary>
    public static async Task CompareAsync(string[] names, int runs, Figures figures)
    {
        var labs = Array.ConvertAll(names, name => (Lab: LabApi.Open(Bench.Host, name), Samples: new Samples()));
        for (var run = 0; run < runs; run++)
        {
            foreach (var (lab, samples) in labs)
            {
                await RunAsync(lab, 16, 1600, samples);
            }
        }

        foreach (var (lab, samples) in labs)
        {
            samples.Report(figures, $"16 clients, lab {lab.Record.Name}", "", "");
        }
    }

    private static async Task MeasureAsync(LabApi lab, int clients, int count, int runs, Figures figures, string docker, string target)
    {
        var samples = new Samples();
        for (var run = 0; run < runs; run++)
        {
            await RunAsync(lab, clients, count, samples);
        }

        samples.Report(figures, clients == 1 ? "1 client" : $"{clients} clients", $"{docker}/s", $"{target}/s");
    }

    private static async Task RunAsync(LabApi lab, int clients, int count, Samples samples)
    {
        var prefix = Guid.NewGuid().ToString("N")[..12];
        var managers = lab.Record.Nodes.Select(node => node.Daemon!.Pid).ToList();
        var (before, ownBefore, switchesBefore, indexBefore) = (ProcessorSeconds(managers), ProcessorSeconds([Environment.ProcessId]), Switches(managers), Index(lab));
        var watch = Stopwatch.StartNew();
        var found = await Bench.OnThreadsAsync(clients, client => Create(lab, prefix, client, count / clients));
        var all = found.Sum(one => one.Count);
        samples.Rates.Add(all / watch.Elapsed.TotalSeconds);
        samples.Costs.Add((ProcessorSeconds(managers) - before) * 1e6 / all);
        samples.Own.Add((ProcessorSeconds([Environment.ProcessId]) - ownBefore) * 1e6 / all);
        samples.Switches.Add((Switches(managers) - switchesBefore) / (double)all);
        samples.Entries.Add((Index(lab) - indexBefore) / (double)all);
        samples.Slowest.Add(found.Max(client => client.Max(one => one.Milliseconds)));
        await Bench.OnThreadsAsync(clients, client => Remove(lab, client, found[client]));
    }

    private static List<(string Id, double Milliseconds)> Create(LabApi lab, string prefix, int client, int count)
    {
        using var connection = Connect(lab, client);
        var ids = new List<(string, double)>(count);
        for (var i = 0; i < count; i++)
        {
            var body = Service.Replace("NAME", $"{prefix}-{client}-{i}", StringComparison.Ordinal);
            var started = Stopwatch.GetTimestamp();
            var answer = connection.Ask(RawConnection.Post("/v1.44/services/create", body));
            ids.Add((RawConnection.Text(answer, "ID"), Stopwatch.GetElapsedTime(started).TotalMilliseconds));
        }

        return ids;
    }

    private static int Remove(LabApi lab, int client, List<(string Id, double Milliseconds)> created)
    {
        using var connection = Connect(lab, client);
        foreach (var (id, _) in created)
        {
            connection.Ask(RawConnection.Request("DELETE", $"/v1.44/services/{id}"));
        }

        return created.Count;
    }

    /// <summary>Entries of the log so far.</summary>
    private static long Index(LabApi lab)
    {
        using var connection = Connect(lab, 0);
        using var answer = JsonDocument.Parse(Encoding.UTF8.GetString(connection.Ask(RawConnection.Request("GET", "/v1.44/swarm/consensus"))));
        return answer.RootElement.GetProperty("AppliedIndex").GetInt64();
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

    /// <summary>How often the threads that still run were switched away from: proc(5), /proc/PID/task/TID/status.</summary>
    private static long Switches(IEnumerable<int> processes) => processes.SelectMany(process => Directory.GetDirectories($"/proc/{process}/task")).Sum(SwitchesOfThread);

    private static long SwitchesOfThread(string thread)
    {
        try
        {
            return File.ReadLines($"{thread}/status").Where(line => line.Contains("ctxt_switches", StringComparison.Ordinal))
                .Sum(line => long.Parse(line[(line.IndexOf(':') + 1)..], CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            // It has just ended.
            return 0;
        }
    }

    private sealed class Samples
    {
        public List<double> Rates { get; } = [];

        public List<double> Costs { get; } = [];

        public List<double> Own { get; } = [];

        public List<double> Switches { get; } = [];

        public List<double> Entries { get; } = [];

        public List<double> Slowest { get; } = [];

        public void Report(Figures figures, string by, string docker, string target)
        {
            figures.Add($"services created on three managers by {by}", docker, target, Rates, "/s");
            figures.Add($"processor time of all three managers for one of them, {by}", "", "", Costs, "us");
            figures.Add($"processor time of the clients for one of them, {by}", "", "", Own, "us");
            figures.Add($"switches of the managers' threads for one of them, {by}", "", "", Switches, "");
            figures.Add($"entries of the log for one of them, {by}", "", "", Entries, "");
            figures.Add($"the slowest of them, {by}", "", "", Slowest, "ms");
        }
    }
}
