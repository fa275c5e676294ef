using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Swarm.Model;
using Swarm.Networking.Networks;
using NetworkPool = Swarm.Networking.Networks.NetworkPool;

namespace Swarm.Networking.Overlay;

/// <summary>A network of the cluster as one of this node.</summary>
internal static class OverlayRecord
{
    private const string VniOption = "com.docker.network.driver.overlay.vxlanid_list";

    public static NetworkRecord Of(NetworkTable table)
    {
        var network = table.Network;
        return new NetworkRecord
        {
            Name = network.Annotations.Name,
            Id = network.Id,
            Driver = NetworkRecord.Overlay,
            Created = network.Meta.CreatedAt,
            EnableIPv6 = network.EnableIPv6,
            Internal = network.Internal,
            Attachable = network.Attachable,
            Ingress = network.Ingress,
            Pools = [.. network.Pools.Select(PoolOf)],
            Options = network.Driver.Options.WithComparers(StringComparer.Ordinal).SetItem(VniOption, network.Vni.ToString(CultureInfo.InvariantCulture)),
            Labels = network.Annotations.Labels.WithComparers(StringComparer.Ordinal),
        };
    }

    private static NetworkPool PoolOf(Model.NetworkPool pool) => new(
        IPNetwork.Parse(pool.Subnet),
        pool.Range.Length > 0 ? IPNetwork.Parse(pool.Range) : null,
        pool.Gateway.Length > 0 ? IpAddresses.OfCidr(pool.Gateway) : null,
        ImmutableSortedDictionary<string, IPAddress>.Empty,
        IsAsked: true);
}
