using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using static Swarm.Networking.Netlink.RouteConstants;

namespace Swarm.Networking.Netlink;

public sealed partial class RouteSocket
{
    public void AddAddress(string link, IPAddress address, int prefixLength) => AddAddress(IndexOf(link), address, prefixLength);

    /// <exception cref="NetlinkException">Also <see cref="NetlinkException.AlreadyExists"/>.</exception>
    public void AddAddress(int linkIndex, IPAddress address, int prefixLength) => netlink.Change(
        AddressRequest(NewAddress, CreateNew, linkIndex, address, prefixLength), $"add address {address}/{prefixLength} to link {linkIndex}");

    public void DeleteAddress(string link, IPAddress address, int prefixLength) => netlink.Change(
        AddressRequest(RouteConstants.DeleteAddress, FlagAck, IndexOf(link), address, prefixLength), $"delete address {address}/{prefixLength} of link {link}");

    /// <summary>Addresses of both families on all links.</summary>
    public IReadOnlyList<LinkAddress> Addresses() =>
        netlink.Dump(() => new NetlinkRequest(GetAddress, FlagDump, AddressHeaderBytes), "list addresses", ParseAddress);

    /// <param name="destination">Null: the default route.</param>
    /// <param name="gateway">Null: straight out of <paramref name="link"/>.</param>
    public void AddRoute(IPNetwork? destination, IPAddress? gateway, string? link) =>
        AddRoute(destination, gateway, link is null ? 0 : IndexOf(link));

    /// <inheritdoc cref="AddRoute(IPNetwork?, IPAddress?, string?)"/>
    /// <param name="linkIndex">0: the kernel finds the link of the gateway.</param>
    public void AddRoute(IPNetwork? destination, IPAddress? gateway, int linkIndex) =>
        netlink.Change(RouteRequest(NewRoute, CreateNew, destination, gateway, linkIndex), $"add route to {Text(destination)} by {gateway}");

    public void DeleteRoute(IPNetwork? destination, IPAddress? gateway, string? link) => netlink.Change(
        RouteRequest(RouteConstants.DeleteRoute, FlagAck, destination, gateway, link is null ? 0 : IndexOf(link)), $"delete route to {Text(destination)} by {gateway}");

    /// <summary>The main table's routes of both families.</summary>
    public IReadOnlyList<Route> Routes() => netlink.Dump(() => new NetlinkRequest(GetRoute, FlagDump, RouteHeaderBytes), "list routes", ParseRoute);

    /// <summary>A permanent neighbour entry (ip-neighbour(8), arp(7)).</summary>
    public void AddNeighbour(string link, IPAddress address, PhysicalAddress mac)
    {
        var request = new NetlinkRequest(NewNeighbour, FlagAck | FlagCreate | FlagReplace, NeighbourHeaderBytes);
        request.Fixed[0] = Family(address);
        MemoryMarshal.Write(request.Fixed[4..], IndexOf(link));
        MemoryMarshal.Write(request.Fixed[8..], NeighbourPermanent);
        request.Add(NeighbourDestination, address.GetAddressBytes()).Add(NeighbourLinkAddress, mac.GetAddressBytes());
        netlink.Change(request, $"add neighbour {address} at {mac} to link {link}");
    }

    private static NetlinkRequest AddressRequest(ushort type, ushort flags, int linkIndex, IPAddress address, int prefixLength)
    {
        var request = new NetlinkRequest(type, flags, AddressHeaderBytes);
        request.Fixed[0] = Family(address);
        request.Fixed[1] = (byte)prefixLength;
        request.Fixed[2] = address.AddressFamily == AddressFamily.InterNetworkV6 ? AddressNoDetection : (byte)0; // our pools give each out once
        MemoryMarshal.Write(request.Fixed[4..], linkIndex);
        var bytes = address.GetAddressBytes();
        return request.Add(AddressLocal, bytes).Add(AddressAddress, bytes);
    }

    private static NetlinkRequest RouteRequest(ushort type, ushort flags, IPNetwork? destination, IPAddress? gateway, int linkIndex)
    {
        var family = destination?.BaseAddress ?? gateway ?? IPAddress.Any;
        var request = new NetlinkRequest(type, flags, RouteHeaderBytes);
        request.Fixed[0] = Family(family);
        request.Fixed[1] = (byte)(destination?.PrefixLength ?? 0);
        request.Fixed[4] = RouteTableMain;
        request.Fixed[5] = RouteProtocolStatic;
        request.Fixed[6] = gateway is null ? RouteScopeLink : RouteScopeUniverse;
        request.Fixed[7] = RouteTypeUnicast;
        if (destination is { } network)
        {
            request.Add(RouteDestination, network.BaseAddress.GetAddressBytes());
        }

        if (gateway is not null)
        {
            request.Add(RouteGateway, gateway.GetAddressBytes());
        }

        return linkIndex > 0 ? request.Add(RouteOutputLink, linkIndex) : request;
    }

    private static LinkAddress? ParseAddress(ReadOnlySpan<byte> payload)
    {
        IPAddress? local = null, address = null;
        var attributes = new NetlinkAttributes(payload[AddressHeaderBytes..]);
        while (attributes.Next())
        {
            switch (attributes.Type)
            {
                case AddressLocal:
                    local = new IPAddress(attributes.Value);
                    break;
                case AddressAddress:
                    address = new IPAddress(attributes.Value);
                    break;
            }
        }

        // IPv6 has only IFA_ADDRESS; on a point-to-point IPv4 link IFA_ADDRESS is the peer's, so the local one goes first.
        return (local ?? address) is { } own ? new LinkAddress(MemoryMarshal.Read<int>(payload[4..]), own, payload[1]) : null;
    }

    private static Route? ParseRoute(ReadOnlySpan<byte> payload)
    {
        if (payload[4] != RouteTableMain)
        {
            return null;
        }

        IPNetwork? destination = null;
        IPAddress? gateway = null;
        var link = 0;
        var attributes = new NetlinkAttributes(payload[RouteHeaderBytes..]);
        while (attributes.Next())
        {
            switch (attributes.Type)
            {
                case RouteDestination:
                    destination = new IPNetwork(new IPAddress(attributes.Value), payload[1]);
                    break;
                case RouteGateway:
                    gateway = new IPAddress(attributes.Value);
                    break;
                case RouteOutputLink:
                    link = attributes.Int32;
                    break;
            }
        }

        return new Route(destination, gateway, link);
    }

    private static string Text(IPNetwork? destination) => destination?.ToString() ?? "default";

    private static byte Family(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? FamilyInet6 : FamilyInet;
}
