using System.Net;
using System.Net.NetworkInformation;

namespace Swarm.Networking.Netlink;

/// <summary>A network link as the kernel describes it.</summary>
/// <param name="Kind">bridge, veth, dummy, vxlan...; empty for hardware and loopback.</param>
/// <param name="MasterIndex">The bridge that it is a port of, 0 without.</param>
public sealed record Link(int Index, string Name, string Kind, bool IsUp, int Mtu, PhysicalAddress Mac, int MasterIndex)
{
    /// <summary>What somebody wrote down there; empty: nothing.</summary>
    public string Alias { get; init; } = "";
}

/// <summary>An address of a link.</summary>
public sealed record LinkAddress(int LinkIndex, IPAddress Address, int PrefixLength);

/// <summary>A route of the main table.</summary>
/// <param name="Destination">Null: the default route.</param>
public sealed record Route(IPNetwork? Destination, IPAddress? Gateway, int OutputLinkIndex);

/// <summary>A link with an address of its own on another one (ip-link(8), macvlan).</summary>
/// <param name="Mode">MACVLAN_MODE_ of linux/if_link.h.</param>
/// <param name="Mtu">Bytes; 0: the parent's.</param>
/// <param name="Mac">Null: the kernel chooses.</param>
public sealed record MacvlanLink(string Name, int ParentIndex, int Mode, int Mtu, PhysicalAddress? Mac);

/// <summary>A pair of links, the second one in another namespace.</summary>
/// <param name="Name">This side's name, at most 15 bytes.</param>
/// <param name="MasterIndex">The bridge that this side becomes a port of, 0 without.</param>
/// <param name="Mtu">Of both sides, bytes; 0 leaves the kernel's 1500.</param>
/// <param name="PeerMac">Null: the kernel chooses.</param>
public sealed record VethPair(string Name, int MasterIndex, int Mtu, string PeerName, PhysicalAddress? PeerMac);
