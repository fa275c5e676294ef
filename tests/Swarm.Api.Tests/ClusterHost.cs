using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Swarm.Api.Daemon;
using Swarm.Api.Membership;
using Swarm.Api.Networks;
using Swarm.Engine;
using Swarm.Manager.Certificates;
using Swarm.Manager.Control;
using Swarm.Manager.Logs;
using Swarm.Security;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Api.Tests;

/// <summary>The cluster's half of the API on a store in memory, of a node that the test puts where it wants.</summary>
public sealed class ClusterHost : IAsyncDisposable
{
    private ClusterHost(TestHost http, FakeNode node, MemoryStore store)
    {
        Http = http;
        Node = node;
        Store = store;
    }

    public TestHost Http { get; }

    public FakeNode Node { get; }

    public MemoryStore Store { get; }

    /// <summary>A manager with a cluster of itself.</summary>
    public static async Task<ClusterHost> StartManagerAsync()
    {
        var host = await StartAsync();
        await host.Node.InitAsync(null!, CancellationToken.None);
        return host;
    }

    /// <summary>A node of no swarm.</summary>
    public static async Task<ClusterHost> StartAsync()
    {
        var store = new MemoryStore(TimeProvider.System);
        var node = new FakeNode(store);
        var access = AccessOf(node);
        var facts = new DaemonFacts
        {
            Host = new HostFacts { Hostname = "n1", Architecture = "amd64", Machine = "x86_64", Cpus = 2, MemoryBytes = 1 << 30, KernelVersion = "6.1", OperatingSystem = "Test" },
            EngineId = "engine-1",
            EngineVersion = "0.1.0",
            DataRoot = "/var/lib/swarm",
        };
        var api = new ClusterApi(node, access, facts, new NoContainers(), new FakeNetworks(), TimeProvider.System);
        return new ClusterHost(await TestHost.StartAsync(api.Map), node, store);
    }

    internal static ManagerAccess AccessOf(FakeNode node) => new(
        node, new IdSource(new Random(1)), new ServiceValidation(FakeConstraints), TimeProvider.System, _ => $"SWMTKN-1-{Guid.NewGuid():N}", new RootChange(null, TimeProvider.System));

    public async Task<JsonElement> GetAsync(string path)
    {
        var (status, body) = await Http.SendAsync(HttpMethod.Get, path);
        Assert.True(status == HttpStatusCode.OK, $"{path}: {status} {body}");
        return JsonDocument.Parse(body).RootElement;
    }

    public async Task<JsonElement> PostAsync(string path, string body, HttpStatusCode expected = HttpStatusCode.OK)
    {
        var (status, answer) = await Http.SendAsync(HttpMethod.Post, path, body);
        Assert.True(status == expected, $"{path}: {status} {answer}");
        return answer.Length == 0 ? default : JsonDocument.Parse(answer).RootElement;
    }

    /// <summary>What a refusal says.</summary>
    public async Task<(int Status, string Message)> RefusedAsync(HttpMethod method, string path, string? body = null, string? contentType = "application/json")
    {
        var (status, answer) = await Http.SendAsync(method, path, body, contentType);
        Assert.True((int)status >= 400, $"{path}: {status} {answer}");
        return ((int)status, JsonDocument.Parse(answer).RootElement.GetProperty("message").GetString()!);
    }

    public async Task CommitAsync(Func<StoreTransaction, StoreTransaction> fill)
    {
        var result = await Store.CommitAsync(fill(new StoreTransaction()), CancellationToken.None);
        Assert.True(result.IsCommitted, result.ToString());
    }

    public ValueTask DisposeAsync() => Http.DisposeAsync();

    private static string? FakeConstraints(ImmutableArray<string> constraints) =>
        constraints.Any(one => !one.Contains("==") && !one.Contains("!=")) ? "constraint expected one operator from ==, !=" : null;

    private sealed class NoContainers : ISystemInfo
    {
        public ContainerCounts Containers => new(1, 2, 3);

        public int Images => 4;
    }
}

public sealed class FakeNode(MemoryStore store) : INodeLifecycle
{
    public const string NodeId = "nodeid0000000000000000001";

    private static readonly NodeSwarmState Inactive = new(LocalNodeState.Inactive, "", "", "", false, "", []);

    public NodeSwarmState State { get; set; } = Inactive;

    public IObjectStore? Store => State is { LocalState: LocalNodeState.Active, ControlAvailable: true } ? store : null;

    public NodeTaskAccess? Tasks { get; set; }

    public SwarmInit? Init { get; private set; }

    public SwarmJoin? Join { get; private set; }

    public async Task<string> InitAsync(SwarmInit request, CancellationToken cancellation)
    {
        if (State.LocalState != LocalNodeState.Inactive)
        {
            throw new EngineException(503, "This node is already part of a swarm. Use \"docker swarm leave\" to leave this swarm and join another one.");
        }

        Init = request;
        var node = new Node
        {
            Id = NodeId,
            Role = NodeRole.Manager,
            Spec = new NodeSpec { Role = NodeRole.Manager },
            Description = new NodeDescription { Hostname = "n1", EngineVersion = "0.1.0", Platform = new Platform { Architecture = "x86_64", Os = "linux" } },
            Status = new NodeStatus { State = NodeState.Ready, Address = "10.0.0.1" },
            Manager = new ManagerStatus { Address = "10.0.0.1:2377" },
        };
        using var root = RootCertificate.Create(TimeProvider.System);
        var cluster = new Cluster
        {
            Id = "cluster000000000000000001",
            NetworksMade = 1,
            RootCa = new RootCa { Certificate = root.Pem, Key = root.ExportKeyPem(), Digest = root.Digest, WorkerJoinToken = "SWMTKN-1-w", ManagerJoinToken = "SWMTKN-1-m" },
        };
        var result = await store.CommitAsync(new StoreTransaction().Create(node).Create(cluster), cancellation);
        Assert.True(result.IsCommitted);
        State = new NodeSwarmState(LocalNodeState.Active, NodeId, cluster.Id, "10.0.0.1", true, "", [(NodeId, "10.0.0.1:2377")]);
        return NodeId;
    }

    public Task JoinAsync(SwarmJoin request, CancellationToken cancellation)
    {
        Join = request;
        State = new NodeSwarmState(LocalNodeState.Active, NodeId, "", "10.0.0.2", false, "", [("other", "10.0.0.1:2377")]);
        return Task.CompletedTask;
    }

    public List<string> Transfers { get; } = [];

    public Task<string> TransferLeadershipAsync(string successor, CancellationToken cancellation)
    {
        Transfers.Add(successor);
        return Task.FromResult(NodeId);
    }

    public Task MeetAsync(string address, CancellationToken cancellation) => Task.CompletedTask;

    public List<string> UnlockKeys { get; } = [];

    public Task UnlockAsync(string key, CancellationToken cancellation)
    {
        UnlockKeys.Add(key);
        return Task.CompletedTask;
    }

    public Task LeaveAsync(bool force, CancellationToken cancellation)
    {
        State = Inactive;
        return Task.CompletedTask;
    }
}
