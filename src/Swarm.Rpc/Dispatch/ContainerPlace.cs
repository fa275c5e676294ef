using System.Collections.Immutable;
using MessagePack;

namespace Swarm.Rpc.Dispatch;

/// <summary>The place that a container which is no task has on a network, as its node knows it.</summary>
[MessagePackObject]
public sealed record ContainerPlace
{
    [Key(0)] public string TaskId { get; init; } = "";
    [Key(1)] public string ContainerId { get; init; } = "";
    [Key(2)] public string NetworkId { get; init; } = "";

    /// <summary>CIDR, at most one of each family.</summary>
    [Key(3)] public ImmutableArray<string> Addresses { get; init; } = [];

    /// <summary>What its neighbours find it by; the first is its own name.</summary>
    [Key(4)] public ImmutableArray<string> Names { get; init; } = [];
}
