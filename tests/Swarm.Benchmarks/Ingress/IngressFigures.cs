using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Swarm.Api.Client;
using Swarm.Api.Wire;
using Swarm.Linux;
using LabApi = Swarm.Lab.Lab;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Benchmarks.Ingress;

/// <summary>
/// A service behind the published port of five nodes, asked 500 times a second from outside: while it is updated, a node drained, the service scaled, the leader's
/// daemon killed; and then while a node loses its power. What fails is counted and told; the servers' own log says who asked.
/// </summary>
internal static class IngressFigures
{
    private const int Port = 8080;
    private const int Replicas = 8;
    private const int Held = 40;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public static Task MeasureAsync(string binary, Figures figures) => Bench.InLabAsync("bench-ingress", 3, 2, binary, async lab =>
    {
        using var client = lab.Connect("m1");
        await client.CreateServiceAsync(Web(Replicas), CancellationToken.None);
        await RunsAsync(client, Replicas);
        var nodes = lab.Record.Nodes.Select(node => (node.Name, lab.Address(node.Name))).ToList();

        await PhaseAsync(lab, nodes, figures, "a rolling update", async () => await UpdateAsync(client, spec => spec with
        {
            TaskTemplate = spec.TaskTemplate! with { ForceUpdate = (spec.TaskTemplate.ForceUpdate ?? 0) + 1 },
        }));
        await PhaseAsync(lab, nodes, figures, "a drain", async () =>
        {
            await SetAvailabilityAsync(client, "w2", "drain");
            await RunsAsync(client, Replicas);
            await SetAvailabilityAsync(client, "w2", "active");
        });
        await PhaseAsync(lab, nodes, figures, "a scale up and down", async () =>
        {
            await ScaleAsync(client, Replicas + 4);
            await ScaleAsync(client, Replicas - 4);
            await ScaleAsync(client, Replicas);
        });
        await PhaseAsync(lab, nodes, figures, "a kill of the leader's daemon", () => KillLeaderAsync(lab));
        await LogAsync(lab, nodes, figures);
        await NodeKillAsync(lab, nodes, figures);
        await ReturnAsync(lab, "w1", figures);
    });

    private static async Task PhaseAsync(LabApi lab, List<(string, IPAddress)> nodes, Figures figures, string what, Func<Task> change)
    {
        await using var load = new IngressLoad(lab.OutsideNamespace, nodes, Port);
        await Task.Delay(Pause);
        await change();
        await Task.Delay(Pause);
        await load.StopAsync();
        Tell(load, what);
        figures.Add($"failed requests of {load.All.Count} during {what}, 500/s through five nodes", "", "0", [load.All.Count(one => one.Error is not null)], "");
        figures.Add($"the slowest 1 of 100 during {what}", "", "", [Percentile(load.All, 0.99)], "ms");
        figures.Add($"requests of a second or more during {what}", "", "", [load.All.Count(one => one.Milliseconds >= 1000)], "");
    }

    private static async Task KillLeaderAsync(LabApi lab)
    {
        var leader = "";
        foreach (var manager in (string[])["m1", "m2", "m3"])
        {
            using var asked = lab.Connect(manager);
            leader = (await asked.ConsensusAsync(digest: false, CancellationToken.None)).IsLeader ? manager : leader;
        }

        await lab.KillAsync([leader], daemonOnly: true, CancellationToken.None);
        using var other = lab.Connect(leader == "m1" ? "m2" : "m1");
        await Bench.UntilAsync(Stopwatch.StartNew(), "there is another leader", async c =>
            (await other.NodesAsync(c)).Any(node => node.ManagerStatus?.Leader == true && node.Description?.Hostname != leader));
        await Task.Delay(Pause);
        await lab.RestartAsync([leader], CancellationToken.None);
        await ReadyAsync(other);
    }

    /// <summary>The node's own address is not asked: nobody answers there, as nobody would. The others have its tasks among their backends.</summary>
    private static async Task NodeKillAsync(LabApi lab, List<(string Name, IPAddress Address)> nodes, Figures figures)
    {
        const string victim = "w1";
        var others = nodes.Where(node => node.Name != victim).ToList();
        using var outside = NetworkNamespace.Open(lab.OutsideNamespace);
        var held = new List<HeldConnection>();
        for (var i = 0; i < Held; i++)
        {
            held.Add(await HeldConnection.OpenAsync(outside, new IPEndPoint(others[i % others.Count].Address, Port)));
        }

        await using var load = new IngressLoad(lab.OutsideNamespace, others, Port);
        await Task.Delay(Pause);
        var killed = Stopwatch.GetTimestamp();
        await lab.KillAsync([victim], daemonOnly: false, CancellationToken.None);
        using var client = lab.Connect("m1");
        await Bench.UntilAsync(Stopwatch.StartNew(), "the node is found down", async c =>
            (await client.NodesAsync(c)).First(node => node.Description?.Hostname == victim).Status?.State == "down");
        var down = Stopwatch.GetTimestamp();
        await Task.Delay(Pause * 3);
        var answers = await Task.WhenAll(held.Select(one => one.AnswersAsync()));
        await load.StopAsync();
        Tell(load, "a node's loss of power");

        var lastFailed = load.All.Where(one => one.Error is not null).Select(one => one.At).DefaultIfEmpty(killed).Max();
        figures.Add("a node without power is found down after", "", "", [Stopwatch.GetElapsedTime(killed, down).TotalSeconds], "s");
        figures.Add("failed requests to other nodes until then, of those balanced to it", "", "", [load.All.Count(one => one.Error is not null)], "");
        figures.Add("the last new connection that failed, begun after it was found down (negative: before)", "", "<= 1 s", [(lastFailed - down) / (double)Stopwatch.Frequency], "s");
        figures.Add($"standing connections of {Held} that broke and were to other nodes' tasks", "", "0", [held.Zip(answers).Count(one => one.First.Node != victim && !one.Second)], "");
        figures.Add("standing connections to its own tasks", "", "", [held.Count(one => one.Node == victim)], "");
        held.ForEach(one => one.Dispose());
    }

    /// <summary>What a node that is switched on again takes until it answers at the port, since its daemon listens.</summary>
    private static async Task ReturnAsync(LabApi lab, string node, Figures figures)
    {
        await lab.RestartAsync([node], CancellationToken.None);
        var watch = Stopwatch.StartNew();
        using var outside = NetworkNamespace.Open(lab.OutsideNamespace);
        var first = await Bench.UntilAsync(watch, "the port answers", async _ =>
        {
            try
            {
                using var one = await HeldConnection.OpenAsync(outside, new IPEndPoint(lab.Address(node), Port));
                return true;
            }
            catch (Exception e) when (e is System.Net.Sockets.SocketException or IOException)
            {
                return false;
            }
        });
        figures.Add("a node that is switched on again answers at the port, since its daemon listens", "", "", [first], "s");
    }

    /// <summary>Lines of the servers of the form "[::ffff:10.77.0.1]:1234: url:/m1".</summary>
    private static async Task LogAsync(LabApi lab, List<(string Name, IPAddress Address)> nodes, Figures figures)
    {
        using var client = lab.Connect("m1");
        var text = new StringBuilder();
        await foreach (var frame in client.LogsAsync(LogSource.Service, "web", follow: false, timestamps: false, tail: null, CancellationToken.None))
        {
            text.Append(Encoding.ASCII.GetString(frame.Payload.Span));
        }

        var asked = text.ToString().Split('\n').Where(line => line.Contains("url:/", StringComparison.Ordinal)).ToList();
        var own = Outside(lab);
        foreach (var (name, _) in nodes)
        {
            var through = asked.Where(line => line.TrimEnd().EndsWith("url:/" + name, StringComparison.Ordinal)).ToList();
            figures.Add($"lines of the servers' log about requests through {name}", "", "> 0", [through.Count], "");
            figures.Add("of them with another address than the client's", "all", "0", [through.Count(line => !line.Contains(own + "]", StringComparison.Ordinal) && !line.Contains(own + ":", StringComparison.Ordinal))], "");
        }
    }

    private static string Outside(LabApi lab)
    {
        var bytes = lab.Address("m1").GetAddressBytes();
        bytes[^1] = 1;
        return new IPAddress(bytes).ToString();
    }

    private static void Tell(IngressLoad load, string what)
    {
        foreach (var failed in load.All.Where(one => one.Error is not null).Take(10))
        {
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  failed during {what}: through {failed.Node} after {failed.Milliseconds:0} ms: {failed.Error}"));
        }
    }

    private static double Percentile(IEnumerable<IngressLoad.Answered> all, double share)
    {
        var sorted = all.Where(one => one.Error is null).Select(one => one.Milliseconds).Order().ToList();
        return sorted.Count == 0 ? double.NaN : sorted[(int)((sorted.Count - 1) * share)];
    }

    private static ServiceSpec Web(int replicas) => new()
    {
        Name = "web",
        Mode = Of(replicas),
        UpdateConfig = new UpdateConfig { Parallelism = 2, Delay = 0 },
        EndpointSpec = new EndpointSpec { Ports = [new PortConfig { Protocol = "tcp", TargetPort = 80, PublishedPort = Port, PublishMode = "ingress" }] },
        TaskTemplate = new TaskSpec
        {
            ContainerSpec = new ContainerSpec
            {
                Image = "busybox:latest",
                Args = ["sh", "-c", IngressServer.Command],
                Env = ["NODE={{.Node.Hostname}}", "SERVER=" + IngressServer.Text],
                Mounts = [new Mount { Type = "bind", Source = "/usr", Target = IngressServer.Programs, ReadOnly = true }],
                Healthcheck = new HealthConfig { Test = ["CMD-SHELL", "grep -q ':0050 .* 0A ' /proc/net/tcp /proc/net/tcp6"], Interval = 200_000_000 },
            },
        },
    };

    private static ServiceMode Of(int replicas) => new() { Replicated = new ReplicatedService { Replicas = (ulong)replicas } };

    private static async Task ScaleAsync(EngineClient client, int replicas)
    {
        await UpdateAsync(client, spec => spec with { Mode = Of(replicas) });
        await RunsAsync(client, replicas);
    }

    /// <summary>Answers when the service's rollout is over.</summary>
    private static async Task UpdateAsync(EngineClient client, Func<ServiceSpec, ServiceSpec> change)
    {
        var service = await client.ServiceAsync("web", CancellationToken.None);
        await client.UpdateServiceAsync(service.ID, service.Version!.Index, change(service.Spec!), CancellationToken.None);
        await Bench.UntilAsync(Stopwatch.StartNew(), "the update is over", async c => (await client.ServiceAsync("web", c)).UpdateStatus?.State is null or "completed");
    }

    private static async Task SetAvailabilityAsync(EngineClient client, string name, string availability)
    {
        var node = (await client.NodesAsync(CancellationToken.None)).First(one => one.Description?.Hostname == name);
        await client.UpdateNodeAsync(node.ID, node.Version!.Index, node.Spec! with { Availability = availability }, CancellationToken.None);
    }

    /// <summary>So many run, and none that is to stop still does.</summary>
    private static Task RunsAsync(EngineClient client, int replicas) => Bench.UntilAsync(Stopwatch.StartNew(), $"{replicas} tasks run", async c =>
    {
        var tasks = await client.TasksAsync(c, new KeyValuePair<string, string>("service", "web"));
        return tasks.Count(task => task is { Status.State: "running", DesiredState: "running" }) == replicas && tasks.All(task => task.Status?.State != "running" || task.DesiredState == "running");
    });

    private static Task ReadyAsync(EngineClient client) =>
        Bench.UntilAsync(Stopwatch.StartNew(), "all nodes are ready", async c => (await client.NodesAsync(c)).All(node => node.Status?.State == "ready"));
}
