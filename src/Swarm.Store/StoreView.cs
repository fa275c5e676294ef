using System.Collections.Immutable;
using Swarm.Model;

namespace Swarm.Store;

/// <summary>The whole store at one index: immutable, atomically swapped, free to read from any thread.</summary>
public sealed partial record StoreView
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

    /// <summary>Tables that a newer version has made.</summary>
    private ImmutableSortedDictionary<TableKind, Table<OpaqueRecord>> Others { get; init; } = ImmutableSortedDictionary<TableKind, Table<OpaqueRecord>>.Empty;

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
        _ => Other(table).Find(id),
    };

    internal IStoreObject? FindByName(TableKind table, string name) => table switch
    {
        TableKind.Cluster => Clusters.FindByName(name),
        TableKind.Node => Nodes.FindByName(name),
        TableKind.Service => Services.FindByName(name),
        TableKind.Task => Tasks.FindByName(name),
        TableKind.Network => Networks.FindByName(name),
        TableKind.Secret => Secrets.FindByName(name),
        TableKind.Config => Configs.FindByName(name),
        _ => Other(table).FindByName(name),
    };

    /// <summary>Every object, table after table, each in the order of the ids: the same on every replica.</summary>
    internal IEnumerable<StoredRow> Rows() => Rows(Clusters).Concat(Rows(Nodes)).Concat(Rows(Services)).Concat(Rows(Tasks)).Concat(Rows(Networks))
        .Concat(Rows(Secrets)).Concat(Rows(Configs)).Concat(Others.Values.SelectMany(Rows));

    private StoreView With(IStoreObject record, string? name, byte[]? body) => record switch
    {
        Cluster r => this with { Clusters = Clusters.Set(new(r, name, body)) },
        Node r => this with { Nodes = Nodes.Set(new(r, name, body)) },
        Service r => this with { Services = Services.Set(new(r, name, body)) },
        Network r => this with { Networks = Networks.Set(new(r, name, body)) },
        Secret r => this with { Secrets = Secrets.Set(new(r, name, body)) },
        Config r => this with { Configs = Configs.Set(new(r, name, body)) },
        OpaqueRecord r => this with { Others = Others.SetItem(r.Table, Other(r.Table).Set(new(r, name, body))) },
        _ => throw new InvalidOperationException($"there is no table for a {record.GetType().Name}"),
    };

    private StoreView Without(IStoreObject record) => record switch
    {
        Cluster r => this with { Clusters = Clusters.Remove(r.Id) },
        Node r => this with { Nodes = Nodes.Remove(r.Id) },
        Service r => this with { Services = Services.Remove(r.Id) },
        Network r => this with { Networks = Networks.Remove(r.Id) },
        Secret r => this with { Secrets = Secrets.Remove(r.Id) },
        Config r => this with { Configs = Configs.Remove(r.Id) },
        OpaqueRecord r => this with { Others = Other(r.Table).Remove(r.Id) is { Count: > 0 } rest ? Others.SetItem(r.Table, rest) : Others.Remove(r.Table) },
        _ => throw new InvalidOperationException($"there is no table for a {record.GetType().Name}"),
    };

    private static IEnumerable<StoredRow> Rows<T>(Table<T> table) where T : class, IStoreObject
    {
        foreach (var (record, name, body) in table.Rows)
        {
            yield return new StoredRow
            {
                Table = record.Table,
                Id = record.Id,
                Name = name,
                Version = record.Meta.Version,
                CreatedAt = record.Meta.CreatedAt,
                UpdatedAt = record.Meta.UpdatedAt,
                Body = body ?? Records.Encode(record),
            };
        }
    }

    private Table<OpaqueRecord> Other(TableKind table) => Others.GetValueOrDefault(table, Table<OpaqueRecord>.Empty);
}
