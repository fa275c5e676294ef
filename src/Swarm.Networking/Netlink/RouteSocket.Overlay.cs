using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Runtime.InteropServices;
using Swarm.Linux;
using Swarm.Networking.Ipam;
using static Swarm.Networking.Netlink.RouteConstants;

namespace Swarm.Networking.Netlink;

public sealed partial class RouteSocket
{
    private const int SmallRequest = 256;

    /// <summary>
    /// Makes a VXLAN link (ip-link(8)) straight in <paramref name="ns"/>; its packets come and go by the namespace of this socket. It learns nothing and answers
    /// for the neighbours that it is told of.
    /// </summary>
    /// <exception cref="NetlinkException">Also <see cref="NetlinkException.AlreadyExists"/>: the identifier is taken at this port.</exception>
    public void AddVxlan(VxlanLink link, NetworkNamespace ns)
    {
        var request = LinkRequest(NewLink, CreateNew, 0).Add(LinkName, Checked(link.Name)).Add(LinkNamespaceFd, (int)ns.Handle.DangerousGetHandle());
        AddMtu(request, link.Mtu).Nest(LinkInfo).Add(InfoKind, "vxlan"u8).Nest(InfoData).Add(VxlanId, link.Vni);
        if (link.Local is { } local)
        {
            request.Add(local.IsIPv6() ? VxlanLocal6 : VxlanLocal, local.GetAddressBytes());
        }

        Span<byte> port = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(port, (ushort)link.Port);
        request.Add(VxlanPort, port).Add(VxlanLearning, [0]).Add(VxlanProxy, [1]);
        netlink.Change(request.End().End(), $"add vxlan {link.Name} with identifier {link.Vni} at port {link.Port}");
        GC.KeepAlive(ns);
    }

    /// <summary>Whether a bridge takes down what it hears at a port.</summary>
    public void SetLearning(string name, bool on) => SetLink(name, $"set learning of bridge port {name}", request => request
        .Nest(LinkInfo).Add(InfoSlaveKind, "bridge"u8).Nest(InfoSlaveData).Add(BridgePortLearning, [on ? (byte)1 : (byte)0]).End().End());

    /// <summary>Writes entries, in place of others for the same address.</summary>
    public void Put(IReadOnlyList<LinkEntry> entries) => netlink.ChangeMany(
        [.. entries.Select(entry => EntryRequest(NewNeighbour, FlagCreate | FlagReplace, entry))], "write entries of links");

    /// <summary>Those that are not there are passed over.</summary>
    public void Remove(IReadOnlyList<LinkEntry> entries) => netlink.ChangeMany(
        [.. entries.Select(entry => EntryRequest(DeleteNeighbour, 0, entry))], "remove entries of links", error => error.NotThere);

    /// <summary>What is written for links, of all kinds; what they heard by themselves is left out.</summary>
    public IReadOnlyList<LinkEntry> Entries(params int[] linkIndexes) =>
    [
        .. ((ReadOnlySpan<byte>)[FamilyBridge, FamilyInet, FamilyInet6]).ToArray().SelectMany(family => netlink.Dump(
            () =>
            {
                var request = new NetlinkRequest(GetNeighbour, FlagDump, NeighbourHeaderBytes, SmallRequest);
                request.Fixed[0] = family;
                return request;
            },
            "list entries of links",
            payload => ParseEntry(payload, linkIndexes))),
    ];

    private static LinkEntry? ParseEntry(ReadOnlySpan<byte> payload, int[] linkIndexes)
    {
        var state = MemoryMarshal.Read<ushort>(payload[8..]);
        var linkIndex = MemoryMarshal.Read<int>(payload[4..]);
        if (!linkIndexes.Contains(linkIndex) || (state & (NeighbourPermanent | NeighbourNoDetection)) == 0)
        {
            return null;
        }

        var kind = payload[0] != FamilyBridge ? LinkEntryKind.Neighbour : (payload[10] & NeighbourSelf) != 0 ? LinkEntryKind.Tunnel : LinkEntryKind.Port;
        if (kind == LinkEntryKind.Port && (state & NeighbourPermanent) != 0)
        {
            return null; // the port's own address
        }

        byte[]? mac = null;
        IPAddress? address = null;
        var attributes = new NetlinkAttributes(payload[NeighbourHeaderBytes..]);
        while (attributes.Next())
        {
            switch (attributes.Type)
            {
                case NeighbourLinkAddress:
                    mac = attributes.Value.ToArray();
                    break;
                case NeighbourDestination:
                    address = new IPAddress(attributes.Value);
                    break;
            }
        }

        var isOfGroup = kind == LinkEntryKind.Tunnel && address is null; // what the link itself listens to
        return mac is null || isOfGroup ? null : new LinkEntry(kind, linkIndex, new PhysicalAddress(mac), kind == LinkEntryKind.Port ? null : address);
    }

    /// <summary>Routes and the rules that lead to them (ip-rule(8)), in place of others for the same destination.</summary>
    public void Put(IReadOnlyList<TableRoute> routes, IReadOnlyList<MarkRule> rules)
    {
        netlink.ChangeMany([.. routes.Select(route => TableRouteRequest(NewRoute, FlagCreate | FlagReplace, route))], "write routes");
        netlink.ChangeMany([.. rules.Select(rule => RuleRequest(NewPolicy, FlagCreate | FlagExclusive, rule))], "write rules of routing", error => error.AlreadyExists);
    }

    /// <inheritdoc cref="Remove(IReadOnlyList{LinkEntry})"/>
    public void Remove(IReadOnlyList<TableRoute> routes, IReadOnlyList<MarkRule> rules)
    {
        netlink.ChangeMany([.. rules.Select(rule => RuleRequest(DeletePolicy, 0, rule))], "remove rules of routing", error => error.NotThere);
        netlink.ChangeMany([.. routes.Select(route => TableRouteRequest(RouteConstants.DeleteRoute, 0, route))], "remove routes", error => error.NotThere);
    }

    private static NetlinkRequest EntryRequest(ushort type, int flags, LinkEntry entry)
    {
        var request = new NetlinkRequest(type, (ushort)flags, NeighbourHeaderBytes, SmallRequest);
        var (family, state, where) = entry.Kind switch
        {
            LinkEntryKind.Neighbour => (Family(entry.Address!), NeighbourPermanent, (byte)0),
            LinkEntryKind.Tunnel => (FamilyBridge, (ushort)(NeighbourPermanent | NeighbourNoDetection), NeighbourSelf),
            _ => (FamilyBridge, NeighbourNoDetection, NeighbourMaster), // in a bridge "permanent" means the bridge's own
        };
        request.Fixed[0] = family;
        MemoryMarshal.Write(request.Fixed[4..], entry.LinkIndex);
        MemoryMarshal.Write(request.Fixed[8..], state);
        request.Fixed[10] = where;
        request.Add(NeighbourLinkAddress, entry.Mac.GetAddressBytes());
        return entry.Address is { } address ? request.Add(NeighbourDestination, address.GetAddressBytes()) : request;
    }

    private static NetlinkRequest TableRouteRequest(ushort type, int flags, TableRoute route)
    {
        var request = new NetlinkRequest(type, (ushort)flags, RouteHeaderBytes, SmallRequest);
        request.Fixed[0] = Family(route.Destination.BaseAddress);
        request.Fixed[1] = (byte)route.Destination.PrefixLength;
        request.Fixed[5] = RouteProtocolStatic;
        request.Fixed[6] = route.Gateway is null ? RouteScopeLink : RouteScopeUniverse;
        request.Fixed[7] = RouteTypeUnicast;
        if (route.Gateway is not null)
        {
            MemoryMarshal.Write(request.Fixed[8..], RouteOnLink);
        }

        if (route.Destination.PrefixLength > 0)
        {
            request.Add(RouteDestination, route.Destination.BaseAddress.GetAddressBytes());
        }

        request.Add(RouteOutputLink, route.LinkIndex).Add(RouteConstants.RouteTable, route.Table);
        return route.Gateway is { } gateway ? request.Add(RouteGateway, gateway.GetAddressBytes()) : request;
    }

    private static NetlinkRequest RuleRequest(ushort type, int flags, MarkRule rule)
    {
        var request = new NetlinkRequest(type, (ushort)flags, PolicyHeaderBytes, SmallRequest);
        request.Fixed[0] = rule.IPv6 ? FamilyInet6 : FamilyInet;
        request.Fixed[7] = PolicyToTable;
        return request.Add(PolicyPriority, rule.Priority).Add(PolicyMark, rule.Mark).Add(PolicyMask, rule.Mask).Add(PolicyTable, rule.Table);
    }
}
