using Swarm.Model;

namespace Swarm.Store;

/// <summary>The whole store at one index: immutable, atomically swapped, free to read from any thread.</summary>
public sealed record StoreView
{
    public static readonly StoreView Empty = new();

    private StoreView()
    {
    }

    /// <summary>Log index of the last entry in this view.</summary>
    public long Index { get; internal init; }

    public Table<Cluster> Clusters { get; private init; } = Table<Cluster>.Empty;
    public Table<Node> Nodes { get; private init; } = Table<Node>.Empty;
    public Table<Service> Services { get; private init; } = Table<Service>.Empty;
    public Table<SwarmTask> Tasks { get; private init; } = Table<SwarmTask>.Empty;
    public Table<Network> Networks { get; private init; } = Table<Network>.Empty;
    public Table<Secret> Secrets { get; private init; } = Table<Secret>.Empty;
    public Table<Config> Configs { get; private init; } = Table<Config>.Empty;
    private TaskIndex ByService { get; init; } = TaskIndex.Empty;
    private TaskIndex ByNode { get; init; } = TaskIndex.Empty;

    /// <summary>The cluster's own record; null until `swarm init` committed it.</summary>
    public Cluster? Cluster => Clusters.FirstOrDefault();

    public IEnumerable<SwarmTask> TasksOfService(string serviceId) => ByService[serviceId].Select(id => Tasks.Find(id)!);

    public IEnumerable<SwarmTask> TasksOnNode(string nodeId) => ByNode[nodeId].Select(id => Tasks.Find(id)!);

    public IStoreObject? Find(TableKind table, string id) => table switch
    {
        TableKind.Cluster => Clusters.Find(id),
        TableKind.Node => Nodes.Find(id),
        TableKind.Service => Services.Find(id),
        TableKind.Task => Tasks.Find(id),
        TableKind.Network => Networks.Find(id),
        TableKind.Secret => Secrets.Find(id),
        TableKind.Config => Configs.Find(id),
        _ => null,
    };

    internal IStoreObject? FindByName(TableKind table, string name) => table switch
    {
        TableKind.Cluster => Clusters.FindByName(name),
        TableKind.Service => Services.FindByName(name),
        TableKind.Network => Networks.FindByName(name),
        TableKind.Secret => Secrets.FindByName(name),
        TableKind.Config => Configs.FindByName(name),
        _ => null,
    };

    internal IEnumerable<IStoreObject> All() => [.. Clusters, .. Nodes, .. Services, .. Tasks, .. Networks, .. Secrets, .. Configs];

    internal StoreView With(IStoreObject record) => record switch
    {
        Cluster r => this with { Clusters = Clusters.Set(r, Clusters.Find(r.Id)) },
        Node r => this with { Nodes = Nodes.Set(r, Nodes.Find(r.Id)) },
        Service r => this with { Services = Services.Set(r, Services.Find(r.Id)) },
        SwarmTask r => WithTask(r, Tasks.Find(r.Id)),
        Network r => this with { Networks = Networks.Set(r, Networks.Find(r.Id)) },
        Secret r => this with { Secrets = Secrets.Set(r, Secrets.Find(r.Id)) },
        Config r => this with { Configs = Configs.Set(r, Configs.Find(r.Id)) },
        _ => throw new InvalidOperationException($"there is no table for a {record.GetType().Name}"),
    };

    internal StoreView Without(IStoreObject record) => record switch
    {
        Cluster r => this with { Clusters = Clusters.Remove(r) },
        Node r => this with { Nodes = Nodes.Remove(r) },
        Service r => this with { Services = Services.Remove(r) },
        SwarmTask r => this with { Tasks = Tasks.Remove(r), ByService = ByService.Move(r.Id, r.ServiceId, null), ByNode = ByNode.Move(r.Id, r.NodeId, null) },
        Network r => this with { Networks = Networks.Remove(r) },
        Secret r => this with { Secrets = Secrets.Remove(r) },
        Config r => this with { Configs = Configs.Remove(r) },
        _ => throw new InvalidOperationException($"there is no table for a {record.GetType().Name}"),
    };

    private StoreView WithTask(SwarmTask task, SwarmTask? old) => this with
    {
        Tasks = Tasks.Set(task, old),
        ByService = ByService.Move(task.Id, old?.ServiceId, task.ServiceId),
        ByNode = ByNode.Move(task.Id, old?.NodeId, task.NodeId),
    };
}
