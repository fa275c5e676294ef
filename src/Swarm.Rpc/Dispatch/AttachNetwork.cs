using System.Collections.Immutable;
using MessagePack;
using Swarm.Model;

namespace Swarm.Rpc.Dispatch;

[MessagePackObject]
public sealed record AcknowledgeNetworksRequest
{
    [Key(0)] public string SessionId { get; init; } = "";

    /// <summary>The highest <see cref="Assignments.NetworksIndex"/> whose networks are made.</summary>
    [Key(1)] public long Index { get; init; }
}

[MessagePackObject]
public sealed record AcknowledgeNetworksResponse;

[MessagePackObject]
public sealed record FindNetworkRequest
{
    /// <summary>Id, name, or a beginning of an id.</summary>
    [Key(0)] public string Network { get; init; } = "";
}

[MessagePackObject]
public sealed record FindNetworkResponse
{
    /// <summary>Null: there is none.</summary>
    [Key(0)] public Network? Network { get; init; }
}

[MessagePackObject]
public sealed record AttachNetworkRequest
{
    [Key(0)] public string ContainerId { get; init; } = "";

    /// <summary>As of <see cref="FindNetworkRequest"/>.</summary>
    [Key(1)] public string Network { get; init; } = "";

    /// <summary>Addresses without prefix that it must be, at most one of each family; empty: any.</summary>
    [Key(2)] public ImmutableArray<string> Addresses { get; init; } = [];

    /// <summary>What its neighbours find it by; the first is its own name.</summary>
    [Key(3)] public ImmutableArray<string> Names { get; init; } = [];

    /// <summary>The place that the container has, which is found by <see cref="Names"/> from now on; empty: it is to get one.</summary>
    [Key(4)] public string TaskId { get; init; } = "";
}

[MessagePackObject]
public sealed record AttachNetworkResponse
{
    [Key(0)] public string TaskId { get; init; } = "";
    [Key(1)] public Network Network { get; init; } = new();
    [Key(2)] public NetworkAttachment Place { get; init; } = new();
}

[MessagePackObject]
public sealed record DetachNetworkRequest
{
    [Key(0)] public string ContainerId { get; init; } = "";
    [Key(1)] public string NetworkId { get; init; } = "";
}

[MessagePackObject]
public sealed record DetachNetworkResponse;
