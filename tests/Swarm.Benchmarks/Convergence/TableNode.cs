using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Agent;
using Swarm.Linux;
using Swarm.Manager.Dispatch;
using Swarm.Model;
using Swarm.Networking.Bridge;
using Swarm.Networking.Netlink;
using Swarm.Rpc.Dispatch;
using Swarm.Security;

namespace Swarm.Benchmarks.Convergence;

/// <summary>
/// A node in a network namespace of its own: the product's agent and networks, and containers that are their network alone (a namespace with its links, rules and
/// name server) and no process. What passes between it and the dispatcher is written and read as on the wire, without the wire.
/// </summary>
internal sealed class TableNode : ITaskExecutor, INodeNetworks, IDispatcherClient, IAgentJournal, IAsyncDisposable
{
    private readonly string _id;
    private readonly Dispatcher _dispatcher;
    private readonly NetworkNamespace _host;
    private readonly BridgeNetworks _networks;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _agent;
    private readonly ConcurrentDictionary<string, TaskCompletionSource<TaskExit>> _running = new();

    private TableNode(string id, Dispatcher dispatcher, NetworkNamespace host, BridgeNetworks networks)
    {
        (_id, _dispatcher, _host, _networks) = (id, dispatcher, host, networks);
        _agent = new NodeAgent(id, this, this, this, this, () => $"{AddressOf(id)}:2377", TimeProvider.System, new Random(1), NullLoggerFactory.Instance).RunAsync(_end.Token);
    }

    /// <summary>When which table of a network was in the kernel and in the names, by the table's index.</summary>
    public ConcurrentQueue<(string NetworkId, long Index, long At)> Applied { get; } = new();

    public ImmutableDictionary<string, NetworkTable> Tables => _networks.Tables;

    public ImmutableDictionary<string, string> Unsupported => ImmutableDictionary<string, string>.Empty;

    public ImmutableArray<ContainerPlace> Places => [];

    /// <param name="number">From 1.</param>
    public static async Task<TableNode> StartAsync(int number, string folder, Dispatcher dispatcher)
    {
        var id = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"node{number}");
        var host = NetworkNamespace.Create(Path.Combine(folder, id + ".netns"));
        using (var route = RouteSocket.In(host))
        {
            route.SetUp("lo");
            route.AddAddress("lo", IPAddress.Parse(AddressOf(id)), 32);
        }

        var networks = await BridgeNetworks.StartAsync(
            new BridgeOptions(Path.Combine(folder, id), id), host, TimeProvider.System, new Random(number), NullLoggerFactory.Instance, CancellationToken.None);
        return new TableNode(id, dispatcher, host, networks);
    }

    public async Task ApplyAsync(string nodeId, ImmutableDictionary<string, NetworkTable> tables, CancellationToken cancellation)
    {
        await _networks.ApplyAsync(nodeId, tables, cancellation);
        var now = Stopwatch.GetTimestamp();
        foreach (var table in tables.Values)
        {
            Applied.Enqueue((table.Network.Id, table.Index, now));
        }
    }

    public Task<ImmutableArray<string>> FaultsAsync(string networkId, CancellationToken cancellation) => _networks.FaultsAsync(networkId, cancellation);

    public async IAsyncEnumerable<SessionMessage> SessionAsync(SessionRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var message in _dispatcher.SessionAsync(Identity, request, cancellation))
        {
            yield return Codec.Deserialize<SessionMessage>(Codec.Serialize(message));
        }
    }

    public Task<HeartbeatResponse> HeartbeatAsync(HeartbeatRequest request, CancellationToken cancellation) => _dispatcher.HeartbeatAsync(Identity, request, cancellation);

    public Task UpdateTaskStatusAsync(UpdateTaskStatusRequest request, CancellationToken cancellation) => _dispatcher.UpdateTaskStatusAsync(Identity, request, cancellation);

    public Task AcknowledgeNetworksAsync(AcknowledgeNetworksRequest request, CancellationToken cancellation) => _dispatcher.AcknowledgeNetworksAsync(Identity, request, cancellation);

    public Task<NodeDescription> DescribeAsync(CancellationToken cancellation) => Task.FromResult(new NodeDescription
    {
        Hostname = _id,
        Platform = new Platform { Architecture = "x86_64", Os = "linux" },
        Resources = new Resources { NanoCpus = 4_000_000_000, MemoryBytes = 8L << 30 },
    });

    public Task PrepareAsync(SwarmTask task, TaskSecrets secrets, Action<string> progress, CancellationToken cancellation) => Task.CompletedTask;

    public async Task<ContainerStatus> StartAsync(SwarmTask task, CancellationToken cancellation)
    {
        await _networks.AttachAsync(
            new SandboxRequest(task.Id, task.Name, [.. task.Networks.Select(place => new EndpointRequest(place.NetworkId) { Address = IpAddresses.OfCidr(place.Addresses[0]) })], []), cancellation);
        _running[task.Id] = new TaskCompletionSource<TaskExit>();
        return new ContainerStatus { ContainerId = task.Id };
    }

    public Task BecomeHealthyAsync(SwarmTask task, CancellationToken cancellation) => Task.CompletedTask;

    public Task<TaskExit> WaitAsync(SwarmTask task, CancellationToken cancellation) => _running[task.Id].Task.WaitAsync(cancellation);

    public async Task<ContainerStatus?> StopAsync(SwarmTask task, CancellationToken cancellation)
    {
        if (!_running.TryGetValue(task.Id, out var running))
        {
            return null;
        }

        var ended = new ContainerStatus { ContainerId = task.Id, ExitCode = 137 };
        await _networks.DetachAsync(task.Id, cancellation);
        running.TrySetResult(new TaskExit(ended, ""));
        return ended;
    }

    public Task RemoveAsync(string taskId, CancellationToken cancellation)
    {
        _running.TryRemove(taskId, out _);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<FoundTask>> ListAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<FoundTask>>([]);

    public IReadOnlyList<SwarmTask> Load() => [];

    public void Append(IReadOnlyCollection<SwarmTask> tasks, IReadOnlyCollection<string> forgotten, bool durable)
    {
        // Nothing of it outlives the measurement.
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _agent;
        await _networks.TeardownAsync(CancellationToken.None);
        await _networks.DisposeAsync();
        var file = _host.Path;
        _host.Dispose();
        NetworkNamespace.Delete(file);
        _end.Dispose();
    }

    private NodeIdentity Identity => new(_id, NodeRole.Worker, "cluster");

    private static string AddressOf(string id) => "192.0.2." + id["node".Length..];
}
