using System.Collections.Immutable;
using Swarm.Model;
using Swarm.Networking.Networks;

namespace Swarm.Networking.Overlay;

/// <summary>A network of the cluster of which each node makes one of its own, as a user of the node would ask for it.</summary>
internal static class OwnNetwork
{
    public static NetworkSpec Of(Network network) => new(network.Annotations.Name)
    {
        Driver = network.Driver.Name,
        EnableIPv6 = network.EnableIPv6 ? true : null,
        Internal = network.Internal,
        Attachable = network.Attachable,
        ConfigFrom = network.ConfigFrom,
        IpamOptions = Plain(network.Ipam?.Options),
        Pools = [.. network.AskedPools.Select(pool => new PoolSpec(pool.Subnet, pool.Range, pool.Gateway, Plain(pool.Auxiliary)))],
        Options = Plain(network.Driver.Options),
        Labels = Plain(network.Annotations.Labels),
    };

    private static ImmutableSortedDictionary<string, string> Plain(ImmutableSortedDictionary<string, string>? map) =>
        (map ?? ImmutableSortedDictionary<string, string>.Empty).WithComparers(StringComparer.Ordinal);
}
