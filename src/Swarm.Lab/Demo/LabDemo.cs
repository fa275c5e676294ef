using Swarm.Api.Client;
using Swarm.Api.Wire;
using Swarm.Lab.State;
using Task = System.Threading.Tasks.Task;
using WireTask = Swarm.Api.Wire.TaskInspect;

namespace Swarm.Lab.Demo;

/// <summary>The whole in a minute: a cluster, a service, the leader's power cut, and what the cluster makes of it, with measured times.</summary>
public sealed class LabDemo(LabHost host, LabOptions options, TextWriter output)
{
    public const string DefaultName = "demo";
    private const int Replicas = 6;
    private const string ServiceName = "web";

    /// <summary>Nothing in the demo takes this long unless it is broken.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>A lab of that name is taken down first; afterwards the new one stays, to be played with. Cancelled or failed: nothing stays.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        if (Lab.Names(host).Contains(options.Name))
        {
            Say($"taking down the lab '{options.Name}' of before");
            await Lab.DownAsync(host, options.Name, cancellation);
        }

        Say($"making a lab of {options.Managers} managers and {options.Workers} workers");
        var lab = await Lab.UpAsync(host, options, line => Say("  " + line), cancellation);
        try
        {
            await ShowAsync(lab, cancellation);
        }
        catch (OperationCanceledException)
        {
            Say("\ntaking the lab down");
            await Lab.DownAsync(host, options.Name, CancellationToken.None);
            throw;
        }
    }

    private async Task ShowAsync(Lab lab, CancellationToken cancellation)
    {
        var managers = lab.Record.Nodes.Where(n => n.Role == LabRole.Manager).Select(n => n.Name).ToList();
        using var everyone = new Survivors(lab, managers, host.Time);

        Say($"\n$ service create --name {ServiceName} --replicas {Replicas} busybox sleep infinity");
        var start = host.Time.GetTimestamp();
        await everyone.UntilAsync("creating the service", Limit, (c, t) => CreateAsync(c, ServiceName, Replicas, t), cancellation);
        var accepted = Since(start);
        var tasks = await RunningAsync(everyone, Replicas, null, cancellation);
        Say($"accepted after {accepted}, all {Replicas} tasks running after {Since(start)}");
        var nodes = await everyone.UntilAsync("listing nodes", Limit, NodesAsync, cancellation);
        Table(nodes, tasks);

        var leader = nodes.First(n => n.Manager == "Leader");
        var survivors = managers.Where(m => m != leader.Hostname).ToList();
        if (survivors.Count < 2)
        {
            Say("\nthis lab has no majority without its leader, so it stays alive");
            return;
        }

        Say($"\n{leader.Hostname} is the leader, with {tasks.Count(t => t.NodeID == leader.Id)} tasks. Cutting its power.");
        using var rest = new Survivors(lab, survivors, host.Time);
        start = host.Time.GetTimestamp();
        await lab.KillAsync([leader.Hostname], daemonOnly: false, cancellation);
        var write = WriteAsync(rest, start, cancellation);
        tasks = await RunningAsync(rest, Replicas, leader.Id, cancellation);
        var replaced = Since(start);
        var written = await write;
        nodes = await rest.UntilAsync("finding the new leader", Limit, LedAsync, cancellation);
        Say($"new leader: {nodes.First(n => n.Manager == "Leader").Hostname}");
        Say($"next write accepted after {written}; all {Replicas} tasks running elsewhere after {replaced}");
        Table(nodes, tasks);
        Next(lab, leader.Hostname, survivors[0]);
    }

    /// <summary>Named by its moment, so that a demo can be repeated in the same lab.</summary>
    private async Task<string> WriteAsync(Survivors rest, long start, CancellationToken cancellation)
    {
        await rest.UntilAsync("writing without the leader", Limit, (c, t) => CreateAsync(c, "after-the-crash", 0, t), cancellation);
        return Since(start);
    }

    private static async Task<string?> CreateAsync(EngineClient client, string name, int replicas, CancellationToken cancellation)
    {
        var spec = new ServiceSpec
        {
            Name = name,
            Mode = new ServiceMode { Replicated = new ReplicatedService { Replicas = (ulong)replicas } },
            TaskTemplate = new TaskSpec
            {
                // sleep as the first process of a container heeds no SIGTERM: without this its removal would take ten seconds.
                ContainerSpec = new ContainerSpec { Image = "busybox:latest", Args = ["sleep", "infinity"], StopSignal = "SIGKILL" },
            },
        };
        try
        {
            return (await client.CreateServiceAsync(spec, cancellation)).ID;
        }
        catch (EngineClientException e) when (e.Status == System.Net.HttpStatusCode.Conflict)
        {
            // An earlier try was accepted although its answer was lost.
            return (await client.ServiceAsync(name, cancellation)).ID;
        }
    }

    private static async Task<IReadOnlyList<WireTask>> RunningAsync(Survivors from, int count, string? notOn, CancellationToken cancellation) =>
        await from.UntilAsync(
            $"{count} running tasks",
            Limit,
            async Task<IReadOnlyList<WireTask>?> (client, token) =>
            {
                var tasks = await client.TasksAsync(token, new KeyValuePair<string, string>("service", ServiceName), new("desired-state", "running"));
                var running = tasks.Where(t => t.Status?.State == "running" && t.NodeID != notOn).OrderBy(t => t.Slot).ToList();
                return running.Count >= count ? running : null;
            },
            cancellation);

    private static async Task<IReadOnlyList<NodeView>?> NodesAsync(EngineClient client, CancellationToken cancellation) =>
        [.. (await client.NodesAsync(cancellation)).Select(LabViews.Of).OrderBy(n => n.Hostname, StringComparer.Ordinal)];

    private static async Task<IReadOnlyList<NodeView>?> LedAsync(EngineClient client, CancellationToken cancellation) =>
        await NodesAsync(client, cancellation) is { } nodes && nodes.Any(n => n.Manager == "Leader") ? nodes : null;

    private void Table(IReadOnlyList<NodeView> nodes, IReadOnlyList<WireTask> tasks)
    {
        Say("");
        Say($"  {"NODE",-6}{"MANAGER",-13}{"STATE",-9}TASKS");
        foreach (var node in nodes)
        {
            var own = tasks.Where(t => t.NodeID == node.Id).Select(t => $"{ServiceName}.{t.Slot}");
            Say($"  {node.Hostname,-6}{node.Manager,-13}{node.State,-9}{string.Join(' ', own)}");
        }
    }

    private void Next(Lab lab, string killed, string alive)
    {
        var name = lab.Name == DefaultName || Lab.Names(host).Count == 1 ? "" : $" --lab {lab.Name}";
        Say($"""

            The lab stays up. What to try next:
              ./swarm lab{name} status
              ./swarm lab{name} restart {killed}
              ./swarm lab{name} partition {alive}      then: ./swarm lab{name} heal
              eval "$(./swarm lab{name} use {alive})"       and from now on the docker client too:
              docker node ls
              docker service ps {ServiceName}
              docker service scale {ServiceName}=20
              ./swarm lab down {lab.Name}
            """);
    }

    private string Since(long start) => $"{host.Time.GetElapsedTime(start).TotalSeconds:0.00} s";

    private void Say(string line) => output.WriteLine(line);
}
