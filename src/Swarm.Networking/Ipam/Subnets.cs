using System.Net;
using System.Net.Sockets;
using static Swarm.Model.IpAddresses;

namespace Swarm.Networking.Ipam;

/// <summary>Arithmetic on networks of both families.</summary>
public static class Subnets
{
    public static bool Overlap(IPNetwork one, IPNetwork other) =>
        one.BaseAddress.AddressFamily == other.BaseAddress.AddressFamily && (one.Contains(other.BaseAddress) || other.Contains(one.BaseAddress));

    /// <summary>The network that an interface's address is in.</summary>
    public static IPNetwork Of(IPAddress address, int prefixLength)
    {
        var host = Size(address.AddressFamily, prefixLength) - 1;
        return new IPNetwork(FromNumber(ToNumber(address) & ~host, address.AddressFamily), prefixLength);
    }

    /// <summary>The address that is so many above the network's own.</summary>
    public static IPAddress At(IPNetwork network, UInt128 offset) => FromNumber(ToNumber(network.BaseAddress) + offset, network.BaseAddress.AddressFamily);

    /// <summary>How many addresses a network of this prefix has; 0 stands for all of IPv6.</summary>
    public static UInt128 Size(AddressFamily family, int prefixLength) => UInt128.One << (Bits(family) - prefixLength);

    public static bool IsIPv6(this IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6;

    public static bool IsIPv6(this IPNetwork network) => network.BaseAddress.IsIPv6();
}
