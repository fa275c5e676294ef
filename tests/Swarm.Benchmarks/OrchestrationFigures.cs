using System.Diagnostics;
using Swarm.Api.Client;
using Swarm.Api.Wire;
using LabApi = Swarm.Lab.Lab;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Benchmarks;

/// <summary>What the orchestrator makes of failures and changes: one manager and two workers, whose containers all run on this machine.</summary>
internal static class OrchestrationFigures
{
    private const int Replicas = 20, Many = 60, LogLines = 99_999, LogTasks = 3;
    private static readonly CancellationToken None = CancellationToken.None;

    public static Task MeasureAsync(string binary, int runs, Figures figures) => Bench.InLabAsync("bench-orch", 1, 2, binary, async lab =>
    {
        using var client = lab.Connect("m1");
        figures.Add("killed task replaced and running, delay 0", "0.73 s", "<= 0.2 s", await RunsAsync(runs, run => KilledAsync(lab, client, $"killed-{run}")), "s");
        figures.Add($"rolling update of {Replicas} tasks, one at a time", "36.7 s", "<= 8 s", await RunsAsync(Math.Max(1, runs / 2), run => UpdatedAsync(client, $"updated-{run}")), "s");
        figures.Add($"node with a third of {Replicas} tasks drained, all of them running elsewhere", "2.3 s", "<= 1 s", await RunsAsync(runs, run => DrainedAsync(lab, client, $"drained-{run}")), "s");
        var (elsewhere, levelled, deviation) = (new List<double>(), new List<double>(), new List<double>());
        for (var run = 0; run < runs; run++)
        {
            await LostAsync(lab, client, $"lost-{run}", elsewhere, levelled, deviation);
        }

        figures.Add("worker killed: its tasks running elsewhere", "17.5 s", "<= 4 s", elsewhere, "s");
        figures.Add($"the worker is back: {Many} tasks levelled over three nodes by a rebalance", "never", "", levelled, "s");
        figures.Add("standard deviation of tasks per node after it, of the mean", "", "< 5 %", deviation, "%");
        figures.Add($"docker service logs, {LogTasks} tasks", "24,000/s", ">= 200,000/s", await RunsAsync(runs, run => LoggedAsync(lab, client, $"logged-{run}")), "lines/s");
    });

    private static async Task<List<double>> RunsAsync(int runs, Func<int, Task<double>> measure)
    {
        var samples = new List<double>(runs);
        for (var run = 0; run < runs; run++)
        {
            samples.Add(await measure(run));
        }

        return samples;
    }

    private static async Task<double> KilledAsync(LabApi lab, EngineClient client, string name)
    {
        await StartAsync(client, Changed(Bench.Sleepers(name, LogTasks), task => task with { RestartPolicy = new RestartPolicy { Condition = "any", Delay = 0 } }), LogTasks);
        var victim = (await RunningAsync(client, name, None))[0];
        using var node = lab.Connect(await NameOfAsync(client, victim.NodeID!));
        var watch = Stopwatch.StartNew();
        await node.KillContainerAsync(victim.Status!.ContainerStatus!.ContainerID!, "KILL", None);
        var took = await Bench.UntilAsync(watch, $"{name} has all its tasks", async c => await RunningAsync(client, name, c) is { Count: LogTasks } tasks && tasks.TrueForAll(task => task.ID != victim.ID));
        await Bench.RemoveAsync(client, name);
        return took;
    }

    private static async Task<double> UpdatedAsync(EngineClient client, string name)
    {
        var spec = Bench.Sleepers(name, Replicas) with { UpdateConfig = new UpdateConfig { Parallelism = 1, Delay = 0, Monitor = 1, FailureAction = "pause", Order = "stop-first" } };
        await StartAsync(client, spec, Replicas);
        var service = await client.ServiceAsync(name, None);
        var watch = Stopwatch.StartNew();
        await client.UpdateServiceAsync(service.ID, service.Version!.Index, Changed(service.Spec!, task => task with { ForceUpdate = 1 }), None);
        var took = await Bench.UntilAsync(watch, $"{name} is updated", async c =>
            (await client.ServiceAsync(name, c)).UpdateStatus?.State == "completed" && await Bench.RunsAsync(client, name, Replicas, null, c));
        await Bench.RemoveAsync(client, name);
        return took;
    }

    private static async Task<double> DrainedAsync(LabApi lab, EngineClient client, string name)
    {
        await StartAsync(client, Bench.Sleepers(name, Replicas), Replicas);
        using var w1 = lab.Connect("w1");
        var watch = Stopwatch.StartNew();
        var id = await SetAvailabilityAsync(client, "w1", "drain");
        var took = await Bench.UntilAsync(watch, "w1 is empty", async c => (await w1.ContainersAsync(all: false, c)).Count == 0 && await Bench.RunsAsync(client, name, Replicas, id, c));
        await SetAvailabilityAsync(client, "w1", "active");
        await Bench.RemoveAsync(client, name);
        return took;
    }

    private static async Task LostAsync(LabApi lab, EngineClient client, string name, List<double> elsewhere, List<double> levelled, List<double> deviation)
    {
        var spec = Bench.Sleepers(name, Many) with { UpdateConfig = new UpdateConfig { Parallelism = 10, Delay = 0, Monitor = 1 } };
        await StartAsync(client, spec, Many);
        var w1 = (await NodeAsync(client, "w1", None)).ID;
        var watch = Stopwatch.StartNew();
        await lab.KillAsync(["w1"], daemonOnly: false, None);
        elsewhere.Add(await Bench.UntilAsync(watch, "all tasks run elsewhere", c => Bench.RunsAsync(client, name, Many, w1, c)));
        await lab.RestartAsync(["w1"], None);
        await Bench.UntilAsync(Stopwatch.StartNew(), "w1 is back", async c => (await NodeAsync(client, "w1", c)).Status?.State == "ready");
        watch.Restart();
        await client.RebalanceServiceAsync(name, budget: null, dryRun: false, None);
        var counts = new List<int>();
        levelled.Add(await Bench.UntilAsync(watch, "the nodes are level", async c =>
        {
            var tasks = await RunningAsync(client, name, c);
            counts = [.. tasks.GroupBy(task => task.NodeID).Select(node => node.Count())];
            return (await client.ServiceAsync(name, c)).UpdateStatus?.State == "completed" && tasks.Count == Many && counts.Count == 3;
        }));
        var mean = counts.Average();
        deviation.Add(100 * Math.Sqrt(counts.Average(count => (count - mean) * (count - mean))) / mean);
        await Bench.RemoveAsync(client, name);
    }

    /// <summary>The docker command from its start to the last line.</summary>
    private static async Task<double> LoggedAsync(LabApi lab, EngineClient client, string name)
    {
        var spec = Changed(Bench.Sleepers(name, LogTasks), task => task with
        {
            ContainerSpec = task.ContainerSpec! with { Args = ["sh", "-c", $"yes {new string('x', 99)} | head -n {LogLines / LogTasks}; sleep 1000"] },
        });
        await StartAsync(client, spec, LogTasks);
        double rate = 0;
        await Bench.UntilAsync(Stopwatch.StartNew(), "all lines are there", async _ =>
        {
            var watch = Stopwatch.StartNew();
            var lines = await DockerLinesAsync(lab, "service", "logs", "--raw", name);
            rate = lines / watch.Elapsed.TotalSeconds;
            return lines == LogLines;
        });
        await Bench.RemoveAsync(client, name);
        return rate;
    }

    private static async Task<int> DockerLinesAsync(LabApi lab, params string[] arguments)
    {
        var info = new ProcessStartInfo("docker", arguments) { RedirectStandardOutput = true };
        info.Environment["DOCKER_HOST"] = lab.Paths("m1").DockerHost;
        using var docker = Process.Start(info)!;
        var (lines, buffer) = (0, new byte[1 << 16]);
        for (int read; (read = await docker.StandardOutput.BaseStream.ReadAsync(buffer)) > 0;)
        {
            lines += buffer.AsSpan(0, read).Count((byte)'\n');
        }

        await docker.WaitForExitAsync();
        return lines;
    }

    private static ServiceSpec Changed(ServiceSpec spec, Func<TaskSpec, TaskSpec> change) => spec with { TaskTemplate = change(spec.TaskTemplate!) };

    private static async Task StartAsync(EngineClient client, ServiceSpec spec, int replicas)
    {
        await client.CreateServiceAsync(spec, None);
        await Bench.UntilAsync(Stopwatch.StartNew(), $"{replicas} tasks of {spec.Name} run", c => Bench.RunsAsync(client, spec.Name!, replicas, null, c));
    }

    private static async Task<List<TaskInspect>> RunningAsync(EngineClient client, string service, CancellationToken cancellation) =>
        [.. (await client.TasksAsync(cancellation, new("service", service), new("desired-state", "running"))).Where(task => task.Status?.State == "running")];

    private static async Task<Node> NodeAsync(EngineClient client, string name, CancellationToken cancellation) =>
        (await client.NodesAsync(cancellation)).Single(node => node.Description!.Hostname == name);

    private static async Task<string> NameOfAsync(EngineClient client, string id) => (await client.NodeAsync(id, None)).Description!.Hostname!;

    private static async Task<string> SetAvailabilityAsync(EngineClient client, string name, string availability)
    {
        var node = await NodeAsync(client, name, None);
        await client.UpdateNodeAsync(node.ID, node.Version!.Index, node.Spec! with { Availability = availability }, None);
        return node.ID;
    }
}
