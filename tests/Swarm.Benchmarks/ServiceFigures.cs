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
    private const double TicksPerSecond = 100;
    internal static readonly string[] All = ["m1", "m2", "m3"];

    internal const string Service = """
        {"Name":"NAME","TaskTemplate":{"ContainerSpec":{"Image":"busybox:latest","Args":["sleep","infinity"]}},"Mode":{"Replicated":{"Replicas":0}}}
        """;

    public static Task MeasureAsync(string binary, int runs, Figures figures) => Bench.InLabAsync("bench-api", All.Length, 0, binary, async lab =>
    {
        var leader = Leader(lab);
        await MeasureAsync(lab, new Load("1 client", 1, 1500, [leader]), runs, figures, "199", ">= 400");
        await MeasureAsync(lab, new Load("16 clients of the leader", 16, 6000, [leader]), runs, figures, "239", ">= 3,000");
        await MeasureAsync(lab, new Load("16 clients of all managers", 16, 6000, All), runs, figures, "", "");
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
                await RunAsync(lab, new Load("16 clients", 16, 1600, All), samples);
            }
        }

        foreach (var (lab, samples) in labs)
        {
            samples.Report(figures, $"16 clients, lab {lab.Record.Name}", "", "");
        }
    }

    private static async Task MeasureAsync(LabApi lab, Load load, int runs, Figures figures, string docker, string target)
    {
        var samples = new Samples();
        for (var run = 0; run < runs; run++)
        {
            await RunAsync(lab, load, samples);
        }

        samples.Report(figures, load.By, docker, target);
    }

    private static async Task RunAsync(LabApi lab, Load load, Samples samples)
    {
        var prefix = Guid.NewGuid().ToString("N")[..12];
        var managers = lab.Record.Nodes.Select(node => node.Daemon!.Pid).ToList();
        var (before, ownBefore, switchesBefore, indexBefore) = (ProcessorSeconds(managers), ProcessorSeconds([Environment.ProcessId]), Switches(managers), Index(lab));
        var watch = Stopwatch.StartNew();
        var found = await Bench.OnThreadsAsync(load.Clients, client => Create(lab, load, prefix, client));
        var all = found.Sum(one => one.Count);
        samples.Rates.Add(all / watch.Elapsed.TotalSeconds);
        samples.Costs.Add((ProcessorSeconds(managers) - before) * 1e6 / all);
        samples.Own.Add((ProcessorSeconds([Environment.ProcessId]) - ownBefore) * 1e6 / all);
        samples.Switches.Add((Switches(managers) - switchesBefore) / (double)all);
        samples.Entries.Add((Index(lab) - indexBefore) / (double)all);
        samples.Slowest.Add(found.Max(client => client.Max(one => one.Milliseconds)));
        await Bench.OnThreadsAsync(load.Clients, client => Remove(lab, load, client, found[client]));
    }

    private static List<(string Id, double Milliseconds)> Create(LabApi lab, Load load, string prefix, int client)
    {
        var count = load.Count / load.Clients;
        using var connection = Connect(lab, load.ManagerOf(client));
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

    private static int Remove(LabApi lab, Load load, int client, List<(string Id, double Milliseconds)> created)
    {
        using var connection = Connect(lab, load.ManagerOf(client));
        foreach (var (id, _) in created)
        {
            connection.Ask(RawConnection.Request("DELETE", $"/v1.44/services/{id}"));
        }

        return created.Count;
    }

    /// <summary>Entries of the log so far.</summary>
    private static long Index(LabApi lab)
    {
        using var answer = Consensus(lab, All[0]);
        return answer.RootElement.GetProperty("AppliedIndex").GetInt64();
    }

    internal static string Leader(LabApi lab) => Array.Find(All, manager =>
    {
        using var answer = Consensus(lab, manager);
        return answer.RootElement.GetProperty("IsLeader").GetBoolean();
    }) ?? throw new InvalidOperationException("no manager leads");

    private static JsonDocument Consensus(LabApi lab, string manager)
    {
        using var connection = Connect(lab, manager);
        return JsonDocument.Parse(Encoding.UTF8.GetString(connection.Ask(RawConnection.Request("GET", "/v1.44/swarm/consensus"))));
    }

    internal static RawConnection Connect(LabApi lab, string manager) => new(lab.Paths(manager).Socket);

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

    /// <param name="Managers">Whom the clients ask, each always the same one.</param>
    private sealed record Load(string By, int Clients, int Count, string[] Managers)
    {
        public string ManagerOf(int client) => Managers[client % Managers.Length];
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
