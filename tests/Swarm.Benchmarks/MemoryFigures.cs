using System.Diagnostics;
using System.Globalization;
using Swarm.Api.Client;
using Swarm.Api.Wire;
using Swarm.Lab.Processes;
using LabApi = Swarm.Lab.Lab;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Benchmarks;

/// <summary>The memory of a manager's process with many tasks in its store. They wait for a node that there is not, so no container adds to it.</summary>
internal static class MemoryFigures
{
    private const int Replicas = 1000;
    private const double MiB = 1048576;
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(10);

    /// <param name="services">Of a thousand tasks each.</param>
    public static Task MeasureAsync(string binary, int services, string target, Figures figures) => Bench.InLabAsync("bench-mem", 1, 0, binary, async lab =>
    {
        var tasks = (services * Replicas).ToString("N0", CultureInfo.InvariantCulture);
        await Task.Delay(Settling);
        Add(figures, lab, "fresh", "");
        using (var client = lab.Connect("m1"))
        {
            await FillAsync(client, services);
        }

        await Task.Delay(Settling);
        Add(figures, lab, $"with {tasks} tasks", target);
        await lab.RestartAsync(["m1"], CancellationToken.None);
        using (var client = lab.Connect("m1"))
        {
            await AllThereAsync(client, services);
        }

        await Task.Delay(Settling);
        Add(figures, lab, $"with {tasks} tasks, started again", target);
    });

    /// <summary>Makes services of a thousand tasks each, none of which ever runs.</summary>
    public static async Task FillAsync(EngineClient client, int services)
    {
        for (var i = 0; i < services; i++)
        {
            await client.CreateServiceAsync(Waiting($"waiting-{i}"), CancellationToken.None);
        }

        await AllThereAsync(client, services);
    }

    private static ServiceSpec Waiting(string name)
    {
        var spec = Bench.Sleepers(name, Replicas);
        return spec with { TaskTemplate = spec.TaskTemplate! with { Placement = new Placement { Constraints = ["node.labels.nowhere==yes"] } } };
    }

    /// <summary>Service by service: a list of all tasks at once would itself be what is measured.</summary>
    private static async Task AllThereAsync(EngineClient client, int services)
    {
        for (var i = 0; i < services; i++)
        {
            var service = new KeyValuePair<string, string>("service", $"waiting-{i}");
            await Bench.UntilAsync(Stopwatch.StartNew(), $"tasks of {service.Value}", async c => (await client.TasksAsync(c, service)).Count == Replicas);
        }
    }

    private static void Add(Figures figures, LabApi lab, string when, string target)
    {
        var pid = lab.Record.Node("m1").Daemon!.Pid;
        figures.Add($"memory of a manager {when} (PSS)", "", target, [(ProcFs.ProportionalSetSize(pid) ?? 0) / MiB], "MiB");
        figures.Add($"memory of a manager {when} (RSS)", "", target, [ResidentSize(pid) / MiB], "MiB");
    }

    /// <summary>As proc(5) says in /proc/PID/statm, in pages.</summary>
    private static double ResidentSize(int pid) =>
        double.Parse(File.ReadAllText($"/proc/{pid}/statm").Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
}
