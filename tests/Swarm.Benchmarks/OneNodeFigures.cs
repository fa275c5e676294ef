using System.Diagnostics;
using Swarm.Api.Client;
using Swarm.Lab.Processes;
using LabApi = Swarm.Lab.Lab;

namespace Swarm.Benchmarks;

/// <summary>Starting containers and memory, on a cluster of one.</summary>
internal static class OneNodeFigures
{
    private const int Many = 100;
    private const double MiB = 1048576;

    public static Task MeasureAsync(string binary, int runs, Figures figures) => Bench.InLabAsync("bench1", 1, 0, binary, async lab =>
    {
        using var client = lab.Connect("m1");
        await Task.Delay(TimeSpan.FromSeconds(5));
        figures.Add("memory of a fresh idle node (PSS)", "112 MiB", "<= 45 MiB", [Daemon(lab) / MiB], "MiB");

        var one = new List<double>();
        for (var i = 0; i < runs * 2; i++)
        {
            one.Add(await StartAsync(client, $"one-{i}", 1));
            await Bench.RemoveAsync(client, $"one-{i}");
        }

        figures.Add("1 replica, create to running", "0.37 s", "<= 0.12 s", one, "s");

        var many = new List<double>();
        var shims = new List<double>();
        var gone = new List<double>();
        for (var i = 0; i < Math.Max(1, runs / 2); i++)
        {
            many.Add(await StartAsync(client, $"many-{i}", Many));
            shims.Add(Shims(lab) / MiB / Many);
            var watch = Stopwatch.StartNew();
            await client.RemoveServiceAsync($"many-{i}", CancellationToken.None);
            gone.Add(await Bench.UntilAsync(watch, "containers are gone", async c => (await client.ContainersAsync(all: true, c)).Count == 0));
            await Bench.UntilAsync(watch, "tasks are gone", async c => (await client.TasksAsync(c)).Count == 0);
        }

        figures.Add($"{Many} replicas on one node, create to all running", "8.8 s", "<= 2.5 s", many, "s");
        figures.Add($"service with {Many} tasks removed, containers gone", "10.2 s", "<= 2.5 s", gone, "s");
        figures.Add("memory per idle container (shim, PSS)", "4.66 MiB", "<= 0.6 MiB", shims, "MiB");
        await Task.Delay(TimeSpan.FromSeconds(62)); // the program's own pages are let go every minute
        figures.Add("memory of the node a minute after use (PSS)", "143 MiB", "<= 70 MiB", [Daemon(lab) / MiB], "MiB");
    });

    private static async Task<double> StartAsync(EngineClient client, string name, int replicas)
    {
        var watch = Stopwatch.StartNew();
        await client.CreateServiceAsync(Bench.Sleepers(name, (ulong)replicas), CancellationToken.None);
        return await Bench.UntilAsync(watch, $"{replicas} tasks of {name} run", c => Bench.RunsAsync(client, name, replicas, null, c));
    }

    private static double Daemon(LabApi lab) => ProcFs.ProportionalSetSize(lab.Record.Node("m1").Daemon!.Pid) ?? 0;

    /// <summary>Everything of ours that a container keeps running, its payload apart.</summary>
    private static double Shims(LabApi lab)
    {
        var daemon = lab.Record.Node("m1").Daemon!.Pid;
        return lab.Processes("m1").Where(p => p.Identity.Pid != daemon && IsOurs(p.Identity.Pid)).Sum(p => ProcFs.ProportionalSetSize(p.Identity.Pid) ?? 0);
    }

    private static bool IsOurs(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Split('\0') is [_, "shim", ..];
        }
        catch (IOException)
        {
            return false;
        }
    }
}
