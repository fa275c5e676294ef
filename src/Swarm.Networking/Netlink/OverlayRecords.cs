using System.Net;
using System.Net.NetworkInformation;

namespace Swarm.Networking.Netlink;

/// <param name="Local">What its packets come from; null: what the route to the other side says.</param>
/// <param name="Port">UDP, of both sides.</param>
public sealed record VxlanLink(string Name, int Vni, IPAddress? Local, int Port, int Mtu);

/// <summary>What a link, or the bridge that it is a port of, knows of an address without asking.</summary>
/// <param name="Address">Neighbour: whose hardware address it is. Tunnel: the node to send to. Port: null.</param>
public sealed record LinkEntry(LinkEntryKind Kind, int LinkIndex, PhysicalAddress Mac, IPAddress? Address);

public enum LinkEntryKind
{
    /// <summary>An address of a family is at a hardware address.</summary>
    Neighbour,

    /// <summary>A VXLAN link sends frames for a hardware address to a node.</summary>
    Tunnel,

    /// <summary>A bridge has a hardware address at a port.</summary>
    Port,
}

/// <summary>A route of a table that is not the main one.</summary>
/// <param name="Gateway">Taken to be at the link; null: the destination itself is.</param>
public sealed record TableRoute(int Table, IPNetwork Destination, IPAddress? Gateway, int LinkIndex);

/// <summary>Packets with a mark are routed by a table, before the main one.</summary>
/// <param name="Mask">The bits of a packet's mark that count.</param>
public sealed record MarkRule(bool IPv6, int Priority, int Mark, int Mask, int Table);
