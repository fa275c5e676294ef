using System.Collections.Concurrent;
using Swarm.Api.Client;
using Swarm.Api.Wire;
using Swarm.Lab;
using Swarm.Lab.Nodes;
using Swarm.Lab.State;
using LabApi = Swarm.Lab.Lab;

namespace Swarm.EndToEnd;

/// <summary>A lab of a membership scenario's own: it ends with other managers than it began with.</summary>
public sealed class MembersLab : IAsyncDisposable
{
    private readonly LabHost _host;
    private string _seen = "";

    private MembersLab(LabHost host, LabApi lab) => (_host, Lab) = (host, lab);

    public LabApi Lab { get; }

    public static async Task<MembersLab> UpAsync(string name, int managers, int workers)
    {
        var host = LabHost.Default(TimeProvider.System);
        if (LabApi.Names(host).Contains(name))
        {
            await LabApi.DownAsync(host, name, CancellationToken.None);
        }

        var options = new LabOptions { Name = name, Binary = LabFixture.Binary, Managers = managers, Workers = workers };
        return new MembersLab(host, await LabApi.UpAsync(host, options, static _ => { }, CancellationToken.None));
    }

    public async Task AddManagersAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await Lab.AddAsync(LabRole.Manager, new LabOptions { Name = Lab.Name, Binary = LabFixture.Binary }, static _ => { }, CancellationToken.None);
        }
    }

    public Task<ShellResult> DockerAsync(string node, params string[] arguments) =>
        Shell.RunAsync("docker", arguments, ("DOCKER_HOST", Lab.Paths(node).DockerHost));

    /// <summary>As <see cref="DockerAsync"/>, and it must succeed.</summary>
    public async Task<string> DockerOkAsync(string node, params string[] arguments)
    {
        var result = await DockerAsync(node, arguments);
        Assert.True(result.ExitCode == 0, $"docker {string.Join(' ', arguments)} on {node}: {result}\n{Logs()}");
        return result.Output;
    }

    public async Task<IReadOnlyList<Node>> NodesAsync(string through)
    {
        using var client = Lab.Connect(through);
        var nodes = await client.NodesAsync(LabFixture.Soon());
        _seen = string.Join("; ", nodes.Select(n => $"{n.Description?.Hostname} {n.Status?.State} {n.Status?.Addr} {n.Spec?.Role} {n.ManagerStatus?.Reachability} {n.ManagerStatus?.Leader}"));
        return nodes;
    }

    /// <summary>Waits until exactly these nodes are managers, all reachable, as one of them says.</summary>
    public Task ManagersAreAsync(string through, params string[] names) => UntilAsync($"the managers are {string.Join(", ", names)}", async () =>
    {
        var nodes = await NodesAsync(through);
        var managers = nodes.Where(n => n.ManagerStatus is not null).ToList();
        return managers.Select(n => n.Description?.Hostname).Order().SequenceEqual(names.Order()) && managers.All(n => n.ManagerStatus!.Reachability == "reachable")
            && managers.Any(n => n.ManagerStatus!.Leader == true) ? "so" : null;
    });

    public Task<string> LeaderAsync(string through) => UntilAsync("there is a leader", async () =>
        (await NodesAsync(through)).FirstOrDefault(n => n.ManagerStatus?.Leader == true)?.Description?.Hostname);

    /// <summary>Asks for a role until it is granted: a version that moved, and a leader that has just gone, are asked again.</summary>
    public Task WantRoleAsync(string through, string name, string role) => UntilAsync($"{name} is to be a {role}", async () =>
    {
        using var client = Lab.Connect(through);
        var node = (await client.NodesAsync(LabFixture.Soon())).Single(n => n.Description?.Hostname == name);
        if (node.Spec!.Role != role)
        {
            await client.UpdateNodeAsync(node.ID, node.Version!.Index, node.Spec with { Role = role }, LabFixture.Soon());
        }

        return "asked";
    });

    /// <summary>Gives a node another address in place of its only one, as a machine that gets another lease.</summary>
    public async Task MoveAsync(string node, string address)
    {
        var result = await Shell.RunAsync(
            "nsenter", [$"--net=/run/netns/{Lab.Paths(node).Namespace}", "sh", "-c", $"ip addr flush dev eth0 && ip addr add {address}/24 dev eth0"]);
        Assert.True(result.ExitCode == 0, result.ToString());
    }

    /// <summary>Repeats until <paramref name="ask"/> answers something else than null; an engine that refuses or does not answer is asked again.</summary>
    public Task<T> UntilAsync<T>(string what, Func<Task<T?>> ask, int seconds = 60)
        where T : class => Waiting.UntilAsync(what, ask, () => $"last seen: {_seen}\n{Logs()}", seconds);

    public string Logs() => string.Join('\n', Lab.Record.Nodes.Select(node => $"--- {node.Name}\n" + string.Join('\n', LogFile.Tail(Lab.Paths(node.Name).Log, 15))));

    public async ValueTask DisposeAsync() => await LabApi.DownAsync(_host, Lab.Name, CancellationToken.None);
}

/// <summary>Creates services one after another through whichever of the nodes answers, and keeps the names of those that were acknowledged.</summary>
public sealed class WriteLoad : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task[] _writers;

    public WriteLoad(MembersLab lab, int writers) => _writers = [.. Enumerable.Range(0, writers).Select(writer => Task.Run(() => WriteAsync(lab.Lab, writer)))];

    public ConcurrentDictionary<string, string> Acknowledged { get; } = new();

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_writers);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task WriteAsync(LabApi lab, int writer)
    {
        for (var i = 0; !_stop.IsCancellationRequested; i++)
        {
            var running = lab.Running();
            if (running.Count == 0)
            {
                continue;
            }

            using var client = lab.Connect(running[(i + writer) % running.Count]);
            var name = $"load-{writer}-{i}";
            try
            {
                Acknowledged[name] = (await client.CreateServiceAsync(Specs.Sleepers(name, 0), LabFixture.Soon())).ID;
            }
            catch (Exception e) when (e is EngineClientException or EngineUnreachableException or OperationCanceledException)
            {
                // Not acknowledged: it may exist or not. Workers refuse, and managers that are just being made or unmade.
            }

            // The changes of membership are what is tested, not how fast two cores can write.
            await Task.Delay(TimeSpan.FromMilliseconds(10));
        }
    }
}
