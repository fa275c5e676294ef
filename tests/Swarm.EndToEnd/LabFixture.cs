using Swarm.Api.Client;
using Swarm.Lab;
using Swarm.Lab.Nodes;
using Swarm.Lab.State;
using LabApi = Swarm.Lab.Lab;
using WireTask = Swarm.Api.Wire.TaskInspect;

namespace Swarm.EndToEnd;

/// <summary>One lab of three managers and two workers for all scenarios. Each scenario leaves it whole: all nodes on, healed, no services.</summary>
public sealed class LabFixture : IAsyncLifetime
{
    public const string Name = "e2e";
    private readonly List<string> _progress = [];

    public LabHost Host { get; } = LabHost.Default(TimeProvider.System);

    public LabApi Lab { get; private set; } = null!;

    public static string Binary =>
        Environment.GetEnvironmentVariable("SWARM_BINARY") is { Length: > 0 } path
            ? path
            : throw new InvalidOperationException("SWARM_BINARY must name the swarm executable: run these through ./test");

    public IReadOnlyList<string> Managers => [.. Lab.Record.Nodes.Where(n => n.Role == LabRole.Manager).Select(n => n.Name)];

    public IReadOnlyList<string> AllNodes => [.. Lab.Record.Nodes.Select(n => n.Name)];

    public async Task InitializeAsync()
    {
        if (LabApi.Names(Host).Contains(Name))
        {
            await LabApi.DownAsync(Host, Name, CancellationToken.None);
        }

        try
        {
            Lab = await LabApi.UpAsync(Host, new LabOptions { Name = Name, Binary = Binary, KeepOnFailure = true }, Say, CancellationToken.None);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"the lab did not come up: {e.Message}\n{string.Join('\n', _progress)}\n{Logs()}", e);
        }
    }

    public async Task DisposeAsync()
    {
        if (LabApi.Names(Host).Contains(Name))
        {
            await LabApi.DownAsync(Host, Name, CancellationToken.None);
        }
    }

    public async Task<ShellResult> DockerAsync(string node, params string[] arguments) =>
        await Shell.RunAsync("docker", arguments, ("DOCKER_HOST", Host.Paths(Name, node).DockerHost));

    /// <summary>As <see cref="DockerAsync"/>, and it must succeed.</summary>
    public async Task<string> DockerOkAsync(string node, params string[] arguments)
    {
        var result = await DockerAsync(node, arguments);
        Assert.True(result.ExitCode == 0, $"docker {string.Join(' ', arguments)} on {node}: {result}\n{Logs()}");
        return result.Output;
    }

    /// <summary>Name of the node that leads, as some manager that has a leader says.</summary>
    public async Task<string> LeaderAsync(params string[] except) =>
        await UntilAsync("there is a leader", async () =>
        {
            foreach (var name in Lab.Running().Where(n => Managers.Contains(n) && !except.Contains(n)))
            {
                using var client = Lab.Connect(name);
                var nodes = await client.NodesAsync(Soon());
                if (nodes.FirstOrDefault(n => n.ManagerStatus?.Leader == true && n.Status?.State == "ready")?.Description?.Hostname is { } leader && !except.Contains(leader))
                {
                    return leader;
                }
            }

            return null;
        });

    /// <summary>Waits for running tasks of a service, asking one node.</summary>
    public Task<IReadOnlyList<WireTask>> RunningAsync(string node, string service, int count, Func<WireTask, bool>? where = null) =>
        UntilAsync($"{count} running tasks of {service} seen by {node}", async Task<IReadOnlyList<WireTask>?> () =>
        {
            using var client = Lab.Connect(node);
            var tasks = await client.TasksAsync(Soon(), new KeyValuePair<string, string>("service", service), new("desired-state", "running"));
            var running = tasks.Where(t => t.Status?.State == "running" && (where?.Invoke(t) ?? true)).ToList();
            _seen = string.Join("; ", tasks.Select(t => $"{t.Slot}:{t.Status?.State} on {t.NodeID} {t.Status?.Err}"));
            return running.Count == count ? running : null;
        });

    /// <summary>Repeats until <paramref name="ask"/> answers something else than null; an engine that does not answer yet is asked again.</summary>
    public Task<T> UntilAsync<T>(string what, Func<Task<T?>> ask, int seconds = 60)
        where T : class
    {
        _seen = "";
        return Waiting.UntilAsync(what, ask, () => $"last seen: {_seen}\n{Logs()}", seconds);
    }

    /// <summary>Containers of a service that run on all nodes together, as the engines say: the truth that task states only report.</summary>
    public async Task<IReadOnlyList<(string Node, string TaskId)>> ContainersAsync(string service)
    {
        var found = new List<(string, string)>();
        foreach (var node in Lab.Record.Nodes.Where(n => Lab.Condition(n.Name) == NodeCondition.Running))
        {
            using var client = Lab.Connect(node.Name);
            var containers = await client.ContainersAsync(all: false, Soon(), new KeyValuePair<string, string>("label", "com.docker.swarm.service.name=" + service));
            found.AddRange(containers.Select(c => (node.Name, c.Labels["com.docker.swarm.task.id"])));
        }

        return found;
    }

    /// <summary>All nodes on, healed and ready; all services gone.</summary>
    public async Task MakeWholeAsync()
    {
        await Lab.HealAsync(CancellationToken.None);
        await Lab.ResumeAsync(AllNodes, CancellationToken.None);
        var off = Lab.Record.Nodes.Select(n => n.Name).Where(n => Lab.Condition(n) != NodeCondition.Running).ToList();
        if (off.Count > 0)
        {
            await Lab.RestartAsync(off, CancellationToken.None);
        }

        await UntilAsync("all nodes are ready", async () =>
        {
            using var client = Lab.Connect(Managers[0]);
            var nodes = await client.NodesAsync(Soon());
            foreach (var drained in nodes.Where(n => n.Spec?.Availability != "active"))
            {
                await client.UpdateNodeAsync(drained.ID, drained.Version!.Index, drained.Spec! with { Availability = "active" }, Soon());
            }

            _seen = string.Join("; ", nodes.Select(n => $"{n.Description?.Hostname} {n.Status?.State} {n.ManagerStatus?.Reachability}"));
            return AllNodes.All(name => nodes.Any(n => n.Description?.Hostname == name && n.Status?.State == "ready")) ? "ready" : null;
        });
        await UntilAsync("all services are gone", async () =>
        {
            using var client = Lab.Connect(Managers[0]);
            var services = await client.ServicesAsync(Soon());
            foreach (var service in services)
            {
                await client.RemoveServiceAsync(service.ID, Soon());
            }

            var tasks = await client.TasksAsync(Soon());
            _seen = string.Join("; ", tasks.Select(t => $"{t.Name} {t.Status?.State}"));
            return services.Count == 0 && tasks.Count == 0 ? "gone" : null;
        });
    }

    /// <summary>The ends of all daemons' logs.</summary>
    public string Logs() => string.Join('\n', new[] { "m1", "m2", "m3", "w1", "w2" }.Select(node =>
        $"--- {node}\n" + string.Join('\n', LogFile.Tail(Host.Paths(Name, node).Log, 15))));

    public static CancellationToken Soon() => new CancellationTokenSource(TimeSpan.FromSeconds(10)).Token;

    private string _seen = "";

    private void Say(string line)
    {
        lock (_progress)
        {
            _progress.Add(line);
        }
    }
}

[CollectionDefinition(LabFixture.Name)]
public sealed class LabCollection : ICollectionFixture<LabFixture>;
