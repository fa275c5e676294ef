using System.Collections.Immutable;
using MessagePack;
using Swarm.Model;

namespace Swarm.Rpc.Work;

[MessagePackObject]
public sealed record NetworkStateRequest
{
    [Key(0)] public ImmutableArray<string> NetworkIds { get; init; } = [];
}

/// <summary>A network as a node has made it.</summary>
[MessagePackObject]
public sealed record NetworkState
{
    [Key(0)] public string NetworkId { get; init; } = "";

    /// <summary>Null: the node has no part in it.</summary>
    [Key(1)] public NetworkTable? Table { get; init; }

    /// <summary>Where the node's kernel and names differ from the table, one line each.</summary>
    [Key(2)] public ImmutableArray<string> Faults { get; init; } = [];
}
