using MessagePack;

namespace Swarm.Model;

/// <summary>A network of the cluster. What is asked for is fixed; the allocator adds <see cref="Vni"/> and <see cref="Pools"/>.</summary>
[MessagePackObject]
public sealed record Network : VersionedRecord, IStoreObject
{
    private const string Overlay = "overlay";

    [Key(0)] public string Id { get; init; } = "";
    [Key(1)] public Meta Meta { get; init; } = new();
    [Key(2)] public Annotations Annotations { get; init; } = new();
    [Key(3)] public DriverConfig Driver { get; init; } = new();

    /// <summary>Containers that are no tasks may join.</summary>
    [Key(4)] public bool Attachable { get; init; }

    /// <summary>The one that carries published ports.</summary>
    [Key(5)] public bool Ingress { get; init; }

    /// <summary>It leads nowhere but to its own members.</summary>
    [Key(6)] public bool Internal { get; init; }
    [Key(7)] public bool EnableIPv6 { get; init; }

    /// <summary>As asked for; where nothing was, the allocator chooses.</summary>
    [Key(8)] public ImmutableArray<NetworkPool> AskedPools { get; init; } = [];
    [Key(9)] public DriverConfig? Ipam { get; init; }

    /// <summary>VXLAN network identifier, 4096 to 2^24 - 1; 0: not allocated.</summary>
    [Key(10)] public int Vni { get; init; }

    /// <summary>Those of IPv4 first, each with subnet and gateway: a member has an address of each family, from the first that has room. Empty: not allocated.</summary>
    [Key(11)] public ImmutableArray<NetworkPool> Pools { get; init; } = [];

    /// <summary>
    /// The addresses that were given last, one of each pool: the next are looked for behind them, so that one that came back rests. Whoever gives
    /// addresses writes it in the same transaction, and so never meets another who does. Nodes are not told.
    /// </summary>
    [Key(12)] public ImmutableArray<string> LastGiven { get; init; } = [];

    /// <summary>Null: its frames are not encrypted. With the network itself nodes are not told: see <see cref="NetworkTable.Keys"/>.</summary>
    [Key(13)] public NetworkKeys? Keys { get; init; }

    /// <summary>The network of each node that says what it is there, by name; empty: the spec says it.</summary>
    [Key(14)] public string ConfigFrom { get; init; } = "";

    /// <summary>Each node that needs it makes one of its own, with addresses of its own: the cluster knows no more than that it is there.</summary>
    [IgnoreMember] public bool IsOfNodes => DriverName != Overlay;

    [IgnoreMember] public string DriverName => Driver.Name.Length == 0 ? Overlay : Driver.Name;

    /// <summary>As far as the cluster knows them: what each node makes of its own may have others.</summary>
    [IgnoreMember] public ImmutableArray<NetworkPool> KnownPools => IsOfNodes ? AskedPools : Pools;

    [IgnoreMember] public string? UniqueName => Annotations.Name;
    [IgnoreMember] public TableKind Table => TableKind.Network;
    public IStoreObject WithMeta(Meta meta) => this with { Meta = meta };
}

/// <summary>Addresses of a network.</summary>
[MessagePackObject]
public sealed record NetworkPool : VersionedRecord
{
    /// <summary>CIDR; empty: any.</summary>
    [Key(0)] public string Subnet { get; init; } = "";

    /// <summary>CIDR, the part of the subnet that is given to members; empty: all of it.</summary>
    [Key(1)] public string Range { get; init; } = "";

    /// <summary>Address without prefix; empty: any. Reserved, and nobody's: a member's way out is its node's own bridge.</summary>
    [Key(2)] public string Gateway { get; init; } = "";

    /// <summary>Addresses that are given to nobody, by name.</summary>
    [Key(3)] public ImmutableSortedDictionary<string, string> Auxiliary { get; init; } = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);
}

/// <summary>The place of a task, a container or a node on a network.</summary>
[MessagePackObject]
public sealed record NetworkAttachment : VersionedRecord
{
    [Key(0), Shared] public string NetworkId { get; init; } = "";

    /// <summary>CIDR, at most one of each family.</summary>
    [Key(1)] public ImmutableArray<string> Addresses { get; init; } = [];

    /// <summary>What its neighbours find it by, beside the name that it has anyhow.</summary>
    [Key(2)] public ImmutableArray<string> Aliases { get; init; } = [];
}
