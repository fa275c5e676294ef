using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Swarm.Linux;
using Swarm.Model;
using Swarm.Networking.Bridge;
using Swarm.Networking.Ipam;
using Swarm.Networking.Netlink;
using Swarm.Networking.Nftables;
using Swarm.Networking.Ports;

namespace Swarm.Networking.Overlay;

/// <summary>
/// The node's published ports of services: a veth from the ingress network's bridge to the host, with the node's address on that network, and the rules that lead the
/// ports to it. What goes there has routes of its own, by its mark, so that the host may use the same addresses for something else. Owned by one loop.
/// </summary>
internal sealed partial class Ingress(NetworkNamespace host, RouteSocket route, PortClaims claims, FlowSweeper flows, OverlayLinks overlays, string bridge, ILogger logger)
{
    private const int Priority = 900;

    private readonly string link = LinkOf(bridge);
    private readonly IngressRules rules = new(bridge, LinkOf(bridge));
    private readonly HashSet<IngressPort> held = [];
    private readonly HashSet<IngressPort> refused = [];
    private Applied? applied;
    private (string NetworkId, PhysicalAddress Mac)? placed;

    private sealed record Applied(
        OverlayLink Link, IReadOnlyList<IPAddress> Own, IReadOnlyList<IPNetwork> Local, HashSet<IPAddress> Places, Dictionary<IngressPort, IngressTarget> Ports);

    /// <param name="local">Networks of containers of this node.</param>
    public async Task ApplyAsync(string nodeId, NetworkTable table, IReadOnlyList<IPNetwork> local)
    {
        var own = IngressPorts.Own(nodeId, table);
        if (own.Count == 0)
        {
            await RemoveAsync();
            return;
        }

        var overlay = overlays.Find(table.Network.Id)!;
        if (!Stands(overlay, own))
        {
            RemoveLink();
            MakeLink(overlay, own);
            applied = null;
        }

        placed = (table.Network.Id, BridgeEndpoint.MacOf(own[0]));
        overlays.Place(table.Network.Id, BridgeEndpoint.MacOf(own[0]), overlays.Route.FindLink(link)!.Index);

        var places = table.Endpoints.Values.SelectMany(TableServices.Addresses).ToHashSet();
        var ports = Claim(IngressPorts.Of(nodeId, table));
        var index = route.FindLink(link)!.Index;
        var had = applied?.Places ?? [.. route.Entries(index).Select(entry => entry.Address).OfType<IPAddress>()]; // also what an earlier daemon knew
        var come = applied is null ? [.. places] : places.Except(had).ToList();
        route.Put([.. table.Endpoints.Values.Where(endpoint => TableServices.Addresses(endpoint).Any(come.Contains)).SelectMany(endpoint => Neighbours(endpoint, index))]);
        route.Put([.. come.Select(address => RouteTo(address, index))], applied is null ? Policies() : []);
        await StateAsync(new Applied(overlay, own, local, places, ports));
        var gone = had.Except(places).ToList();
        route.Remove([.. gone.Select(address => RouteTo(address, index))], []);
        route.Remove([.. gone.Select(address => new LinkEntry(LinkEntryKind.Neighbour, index, BridgeEndpoint.MacOf(address), address))]);
        flows.Left(gone);
    }

    /// <summary>Nothing of it is left, nor of an earlier daemon's. The link goes last, and so tells whether there is something; somebody may have taken it away alone.</summary>
    public async Task RemoveAsync()
    {
        if (applied is null && route.FindLink(link) is null && RuleCount.Of(host, rules.Name) == 0)
        {
            return;
        }

        await NftOneShot.ApplyAsync(host, rules.Nothing() + "\n", CancellationToken.None);
        Release(held.ToList());
        route.Remove([], Policies());
        RemoveLink();
        applied = null;
    }

    /// <summary>Puts back what somebody took away.</summary>
    /// <returns>Whether the veth is gone, which takes the network's table to put back.</returns>
    public async Task<bool> RepairAsync()
    {
        if (applied is null)
        {
            return false;
        }

        if (RuleCount.Of(host, rules.Name) != rules.Count)
        {
            LogRepairing(logger, rules.Name);
            await RestateAsync(applied);
        }

        return route.FindLink(link) is null;
    }

    private bool Stands(OverlayLink overlay, IReadOnlyList<IPAddress> own) =>
        route.FindLink(link) is { } outer && outer.Mac.Equals(BridgeEndpoint.MacOf(own[0])) && outer.Mtu == overlay.Tunnel.Mtu
        && overlays.Route.FindLink(link)?.MasterIndex == overlay.Index
        && route.Addresses().Where(address => address.LinkIndex == outer.Index && !address.Address.IsIPv6LinkLocal).Select(address => address.Address).ToHashSet().SetEquals(own);

    private void RemoveLink()
    {
        if (placed is { } place)
        {
            overlays.Unplace(place.NetworkId, place.Mac);
            placed = null;
        }

        route.TryDeleteLink(link);
    }

    private void MakeLink(OverlayLink overlay, IReadOnlyList<IPAddress> own)
    {
        overlays.Route.AddVeth(new VethPair(link, overlay.Index, overlay.Tunnel.Mtu, link, BridgeEndpoint.MacOf(own[0])), host);
        host.Run(() =>
        {
            Sysctl.Set($"net/ipv4/conf/{link}/route_localnet", "1");
            Sysctl.Set($"net/ipv4/conf/{link}/src_valid_mark", "1");
            Sysctl.Set("net/ipv4/ip_forward", "1");
            if (own.Any(address => address.IsIPv6()))
            {
                Sysctl.Set($"net/ipv6/conf/{link}/disable_ipv6", "0");
                Sysctl.Set($"net/ipv6/conf/{link}/accept_ra", "0");
                Sysctl.Set($"net/ipv6/conf/{link}/accept_dad", "0");
                Sysctl.Set("net/ipv6/conf/all/forwarding", "1");
            }
        });
        route.SetUp(link);
        foreach (var address in own)
        {
            route.AddAddress(link, address, IpAddresses.Bits(address.AddressFamily)); // of the host's routes nothing changes
        }
    }

    /// <summary>Holds the ports, so that nobody of the host listens there and is cut off. One that is taken is published by the other nodes alone.</summary>
    private Dictionary<IngressPort, IngressTarget> Claim(Dictionary<IngressPort, IngressTarget> wanted)
    {
        Release(held.Where(port => !wanted.ContainsKey(port)).ToList());
        refused.IntersectWith(wanted.Keys);
        foreach (var (port, target) in wanted)
        {
            try
            {
                if (!held.Contains(port))
                {
                    var at = port.IPv6 ? IPAddress.IPv6Any : IPAddress.Any;
                    claims.Claim(ClaimOf(port), new PortTargets(IPAddress.Any, IPAddress.IPv6Any), null, [new PortMapping(port.Protocol, target.Port, at, port.Number)]);
                }

                held.Add(port);
                refused.Remove(port);
            }
            catch (NetworkFault fault)
            {
                if (refused.Add(port))
                {
                    LogPortTaken(logger, port.Number, port.Protocol, fault.Message);
                }
            }
        }

        return wanted.Where(pair => held.Contains(pair.Key)).ToDictionary();
    }

    private void Release(List<IngressPort> ports)
    {
        foreach (var port in ports)
        {
            claims.Release(ClaimOf(port));
            held.Remove(port);
        }
    }

    private async Task StateAsync(Applied now)
    {
        var before = applied;
        applied = null; // until it is so
        if (before is null || !before.Local.SequenceEqual(now.Local))
        {
            await RestateAsync(now);
        }
        else if (rules.Change(before.Ports, now.Ports) is { IsEmpty: false } change)
        {
            try
            {
                host.Run(() => change.Apply("change published ports"));
            }
            catch (NetlinkException error)
            {
                LogRestating(logger, error.Message);
                await RestateAsync(now);
            }
        }

        applied = now;
        flows.Came([.. now.Ports.Where(pair => before?.Ports.ContainsKey(pair.Key) != true).SelectMany(pair =>
            pair.Value.Backends.Select(backend => new PortTarget(new PortMapping(pair.Key.Protocol, pair.Value.Port, null, pair.Key.Number), backend)))]);
    }

    private Task RestateAsync(Applied now) =>
        NftOneShot.ApplyAsync(host, rules.Whole(now.Ports, now.Link.Tunnel.Mtu, now.Local) + "\n", CancellationToken.None);

    private List<MarkRule> Policies() => [.. ((ReadOnlySpan<bool>)[false, true]).ToArray().Select(ipv6 => new MarkRule(ipv6, Priority, rules.Mark, IngressRules.Mask, rules.RoutingTable))];

    private TableRoute RouteTo(IPAddress address, int index) => new(rules.RoutingTable, new IPNetwork(address, IpAddresses.Bits(address.AddressFamily)), null, index);

    private static IEnumerable<LinkEntry> Neighbours(NetworkEndpoint endpoint, int index)
    {
        var addresses = TableServices.Addresses(endpoint).ToList();
        return addresses.Select(address => new LinkEntry(LinkEntryKind.Neighbour, index, BridgeEndpoint.MacOf(addresses[0]), address));
    }

    private static string LinkOf(string bridge) => NodeLinks.IngressPrefix + BridgeEndpoint.MakeId(bridge, "ingress")[..12];

    private static string ClaimOf(IngressPort port) => $"ingress {port.Protocol} {port.Number} {(port.IPv6 ? 6 : 4)}";

    [LoggerMessage(7121, LogLevel.Warning, "Port {Port}/{Protocol} of a service is not published by this node: {Reason}")]
    private static partial void LogPortTaken(ILogger logger, int port, string protocol, string reason);

    [LoggerMessage(7122, LogLevel.Warning, "Rules of table {Table} are gone; they are put back")]
    private static partial void LogRepairing(ILogger logger, string table);

    [LoggerMessage(7123, LogLevel.Warning, "The rules of published ports are stated anew: {Reason}")]
    private static partial void LogRestating(ILogger logger, string reason);
}
