using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Swarm.Networking.Netlink;
using Swarm.Networking.Nftables;
using static Swarm.Networking.Netlink.RouteConstants;

namespace Swarm.Networking.Dns;

/// <summary>
/// Port 53 of 127.0.0.11 leads to where the name server listens. Held by rules rather than by the server itself, because a container may have a
/// name server of its own on port 53 of all its addresses.
/// </summary>
internal static class PortRedirect
{
    private const string Table = "swarm_names", Chain = "output";
    private const int DestinationOffset = 16, DestinationPortOffset = 2, DnsPort = 53; // struct iphdr; of UDP and TCP alike

    /// <summary>In the calling thread's namespace, in place of what an earlier daemon left.</summary>
    /// <exception cref="NetlinkException">The kernel refuses.</exception>
    public static void Set(IPAddress address, int udpPort, int tcpPort) => new RuleBatch(FamilyInet, Table)
        .Fresh()
        .Chain(Chain, "nat", HookLocalOut, PriorityNatDestination)
        .Rule(Chain, rule => Lead(rule, address, ProtocolType.Udp, udpPort))
        .Rule(Chain, rule => Lead(rule, address, ProtocolType.Tcp, tcpPort))
        .Apply("redirect names of a container");

    private static void Lead(RuleExpressions rule, IPAddress address, ProtocolType protocol, int port) => rule
        .Load(NetworkHeader, DestinationOffset, 4).Is(address.GetAddressBytes())
        .IsProtocol((byte)protocol)
        .Load(TransportHeader, DestinationPortOffset, 2).Is(PortBytes(DnsPort))
        .Immediate(PortBytes(port)).TranslatePort(FamilyInet);

    private static byte[] PortBytes(int port)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)port);
        return bytes;
    }
}
