using System.Collections.Immutable;
using MessagePack;
using Swarm.Model;

namespace Swarm.Rpc.Dispatch;

/// <summary>What makes a network's table of one index that of a later one.</summary>
[MessagePackObject]
public sealed record NetworkChange
{
    [Key(0)] public string NetworkId { get; init; } = "";

    /// <summary>That of the table that it leads to.</summary>
    [Key(1)] public long Index { get; init; }

    /// <summary>The network itself: with a first table, which holds nothing but what is here.</summary>
    [Key(2)] public Network? Network { get; init; }
    [Key(3)] public ImmutableSortedDictionary<string, NetworkEndpoint> Endpoints { get; init; } = Empty<NetworkEndpoint>();
    [Key(4)] public ImmutableArray<string> RemovedEndpoints { get; init; } = [];
    [Key(5)] public ImmutableSortedDictionary<string, NetworkService> Services { get; init; } = Empty<NetworkService>();
    [Key(6)] public ImmutableArray<string> RemovedServices { get; init; } = [];
    [Key(7)] public ImmutableSortedDictionary<string, NetworkPeer> Peers { get; init; } = Empty<NetworkPeer>();
    [Key(8)] public ImmutableArray<string> RemovedPeers { get; init; } = [];

    /// <inheritdoc cref="NetworkTable.DataPathPort"/>
    [Key(9)] public int DataPathPort { get; init; } = new NetworkTable().DataPathPort;

    /// <summary>Null: they are what they were, or with a first table that there are none.</summary>
    [Key(10)] public NetworkKeys? Keys { get; init; }

    /// <param name="before">Null: the reader has no table of the network.</param>
    public static NetworkChange Between(NetworkTable? before, NetworkTable after) => new()
    {
        NetworkId = after.Network.Id,
        Index = after.Index,
        Network = before is null ? after.Network : null,
        DataPathPort = after.DataPathPort,
        Keys = ReferenceEquals(before?.Keys, after.Keys) ? null : after.Keys,
        Endpoints = Changed(before?.Endpoints, after.Endpoints),
        RemovedEndpoints = Removed(before?.Endpoints, after.Endpoints),
        Services = Changed(before?.Services, after.Services),
        RemovedServices = Removed(before?.Services, after.Services),
        Peers = Changed(before?.Peers, after.Peers),
        RemovedPeers = Removed(before?.Peers, after.Peers),
    };

    /// <param name="before">What the changes before this one made; not used by a first table.</param>
    /// <exception cref="InvalidDataException">This change is not to be had without one before it.</exception>
    public NetworkTable ApplyTo(NetworkTable? before)
    {
        var table = Network is { } network
            ? new NetworkTable { Network = network }
            : before ?? throw new InvalidDataException($"a change of network {NetworkId} came without the network");
        return table with
        {
            Index = Index,
            DataPathPort = DataPathPort,
            Keys = Keys ?? table.Keys,
            Endpoints = table.Endpoints.RemoveRange(RemovedEndpoints).SetItems(Endpoints),
            Services = table.Services.RemoveRange(RemovedServices).SetItems(Services),
            Peers = table.Peers.RemoveRange(RemovedPeers).SetItems(Peers),
        };
    }

    /// <summary>By reference: whoever changes a table keeps what stays.</summary>
    private static ImmutableSortedDictionary<string, T> Changed<T>(ImmutableSortedDictionary<string, T>? before, ImmutableSortedDictionary<string, T> after) where T : class =>
        before is null || before.IsEmpty ? after
        : ReferenceEquals(before, after) ? Empty<T>()
        : Empty<T>().AddRange(after.Where(pair => !before.TryGetValue(pair.Key, out var old) || !ReferenceEquals(old, pair.Value)));

    private static ImmutableArray<string> Removed<T>(ImmutableSortedDictionary<string, T>? before, ImmutableSortedDictionary<string, T> after) =>
        before is null || ReferenceEquals(before, after) ? [] : [.. before.Keys.Where(key => !after.ContainsKey(key))];

    private static ImmutableSortedDictionary<string, T> Empty<T>() => ImmutableSortedDictionary<string, T>.Empty.WithComparers(StringComparer.Ordinal);
}
