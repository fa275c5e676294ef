using MessagePack;

namespace Swarm.Model;

/// <summary>
/// What a node must know of a network that it has a part in: who is on it and where, and what the services on it answer to. The leader builds it from
/// one view of the store, so that the tables of two nodes are equal if their index is.
/// </summary>
[MessagePackObject]
public sealed record NetworkTable : VersionedRecord
{
    /// <summary>The store's index that it was built from.</summary>
    [Key(0)] public long Index { get; init; }
    [Key(1)] public Network Network { get; init; } = new();

    /// <summary>By task; those that have ended are not there.</summary>
    [Key(2)] public ImmutableSortedDictionary<string, NetworkEndpoint> Endpoints { get; init; } = ImmutableSortedDictionary<string, NetworkEndpoint>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>By service.</summary>
    [Key(3)] public ImmutableSortedDictionary<string, NetworkService> Services { get; init; } = ImmutableSortedDictionary<string, NetworkService>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>By node: every one that has a part in the network, the reader too.</summary>
    [Key(4)] public ImmutableSortedDictionary<string, NetworkPeer> Peers { get; init; } = ImmutableSortedDictionary<string, NetworkPeer>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>UDP port that all nodes take the frames of networks at.</summary>
    [Key(5)] public int DataPathPort { get; init; } = 4789;

    /// <summary>Null: frames go as they are. Otherwise nothing of the network leaves a node but sealed, and nothing else is taken.</summary>
    [Key(6)] public NetworkKeys? Keys { get; init; }
}

/// <summary>A task or an attached container on a network. Its hardware address follows from its first address.</summary>
[MessagePackObject]
public sealed record NetworkEndpoint : VersionedRecord
{
    [Key(0)] public string NodeId { get; init; } = "";

    /// <summary>CIDR, at most one of each family.</summary>
    [Key(1)] public ImmutableArray<string> Addresses { get; init; } = [];

    /// <summary>What it alone is found by (the name of its container), and aliases that it may share; the first is what its address is called.</summary>
    [Key(2)] public ImmutableArray<string> Names { get; init; } = [];

    /// <summary>Empty: of no service.</summary>
    [Key(3)] public string ServiceId { get; init; } = "";

    /// <summary>New connections to its service may reach it: it runs, is healthy, is not about to be stopped, and its node is there.</summary>
    [Key(4)] public bool IsServing { get; init; }
}

/// <summary>A service on a network.</summary>
[MessagePackObject]
public sealed record NetworkService : VersionedRecord
{
    /// <summary>Its name, then its aliases on this network.</summary>
    [Key(0)] public ImmutableArray<string> Names { get; init; } = [];

    /// <summary>Addresses without prefix, at most one of each family; empty: its names lead to its endpoints themselves.</summary>
    [Key(1)] public ImmutableArray<string> VirtualIps { get; init; } = [];

    /// <summary>On the ingress network: what every node publishes for it.</summary>
    [Key(2)] public ImmutableArray<PortConfig> Ports { get; init; } = [];

    /// <summary>On the ingress network: a node prefers the backends that it has itself.</summary>
    [Key(3)] public bool LocalFirst { get; init; }
}

/// <summary>A node that has a part in a network.</summary>
[MessagePackObject]
public sealed record NetworkPeer : VersionedRecord
{
    /// <summary>Where other nodes send its frames; without port. Empty on an encrypted network: see <see cref="SealedAddress"/>.</summary>
    [Key(0)] public string Address { get; init; } = "";

    /// <summary>The node's own addresses on the ingress network, CIDR; empty on others.</summary>
    [Key(1)] public ImmutableArray<string> Addresses { get; init; } = [];

    /// <summary>
    /// <see cref="Address"/> on an encrypted network, and empty on others: a node of a version that does not know of encryption finds nobody to send to.
    /// </summary>
    [Key(2)] public string SealedAddress { get; init; } = "";

    /// <summary>The one of both that is there.</summary>
    [IgnoreMember] public string Underlay => Address.Length > 0 ? Address : SealedAddress;
}
