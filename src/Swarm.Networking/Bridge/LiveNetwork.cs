using System.Net;
using Swarm.Networking.Ipam;
using Swarm.Networking.Netlink;
using Swarm.Networking.Networks;

namespace Swarm.Networking.Bridge;

/// <summary>A network at work: its record, its bridge, and which of its addresses are given. Those of the cluster's networks are given elsewhere.</summary>
internal sealed class LiveNetwork
{
    private readonly AddressPool? pool4;
    private readonly AddressPool? pool6;

    /// <param name="route">Of the namespace that the bridge is in.</param>
    public LiveNetwork(NetworkRecord record, BridgeSettings settings, BridgeLink link, RouteSocket route)
    {
        (Record, Settings, Link, Route) = (record, settings, link, route);
        pool4 = record.IsOverlay ? null : PoolOf(record.PoolOf(ipv6: false));
        pool6 = record.IsOverlay ? null : PoolOf(record.PoolOf(ipv6: true));
    }

    /// <summary>The same network, whose record says something else; addresses stay as they are given.</summary>
    public LiveNetwork(NetworkRecord record, LiveNetwork before)
    {
        (Record, Settings, Link, Route) = (record, before.Settings, before.Link, before.Route);
        (pool4, pool6) = (before.pool4, before.pool6);
    }

    public NetworkRecord Record { get; }

    public BridgeSettings Settings { get; }

    public BridgeLink Link { get; set; }

    public RouteSocket Route { get; }

    public string Id => Record.Id;

    /// <param name="asked">By a user, who may ask only where a user named the subnet.</param>
    /// <param name="preferred">What the container had the last time.</param>
    /// <returns>Null: the network is not of this family.</returns>
    /// <exception cref="NetworkFault">It is taken, or none is left.</exception>
    public IPAddress? Take(bool ipv6, IPAddress? asked, IPAddress? preferred)
    {
        if (Record.IsOverlay)
        {
            return asked is not null || Record.PoolOf(ipv6) is null ? asked
                : throw new NetworkFault(NetworkFaultKind.Refused, $"no address was given for network {Record.Name}: it is the cluster's managers who give them");
        }

        if ((ipv6 ? pool6 : pool4) is not { } pool)
        {
            return null;
        }

        if (asked is not null)
        {
            return pool.TryReserve(asked) ? asked : throw new NetworkFault(NetworkFaultKind.Forbidden, "Address already in use");
        }

        return pool.Allocate(preferred) ?? throw new NetworkFault(
            NetworkFaultKind.Refused, $"no available {(ipv6 ? "IPv6" : "IPv4")} addresses on this network's address pools: {Record.Name} ({Id})");
    }

    public bool TryReserve(BridgeEndpoint endpoint)
    {
        if (Record.IsOverlay)
        {
            return true;
        }

        if (endpoint.Address is { } address && pool4?.TryReserve(address) != true)
        {
            return false;
        }

        if (endpoint.Address6 is not { } address6 || pool6?.TryReserve(address6) == true)
        {
            return true;
        }

        if (endpoint.Address is { } again)
        {
            pool4!.Release(again);
        }

        return false;
    }

    public void Release(IPAddress? address)
    {
        if (address is not null)
        {
            (address.IsIPv6() ? pool6 : pool4)?.Release(address);
        }
    }

    private static AddressPool? PoolOf(NetworkPool? pool)
    {
        if (pool is null)
        {
            return null;
        }

        var addresses = new AddressPool(pool.Subnet, pool.Range);
        if (pool.Gateway is { } gateway && !addresses.TryReserve(gateway))
        {
            throw new NetworkFault(
                NetworkFaultKind.Invalid, $"{gateway}/{pool.Subnet.PrefixLength} cannot be the bridge's address: it is the address of the network itself or its broadcast");
        }

        foreach (var auxiliary in pool.Auxiliary.Values)
        {
            addresses.TryReserve(auxiliary); // two names may be of one address
        }

        return addresses;
    }
}
