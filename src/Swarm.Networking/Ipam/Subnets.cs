using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Swarm.Networking.Ipam;

/// <summary>Arithmetic on IPv4 networks, and the choice of one that the host does not use.</summary>
public static class Subnets
{
    /// <summary>Docker's own default pools: 172.17.0.0/16 to 172.31.0.0/16, then 192.168.0.0/16 in pieces of /20.</summary>
    public static IEnumerable<IPNetwork> Defaults =>
        Enumerable.Range(17, 15).Select(second => new IPNetwork(new IPAddress([172, (byte)second, 0, 0]), 16))
            .Concat(Enumerable.Range(0, 16).Select(third => new IPNetwork(new IPAddress([192, 168, (byte)(third * 16), 0]), 20)));

    /// <summary>The first default that overlaps nothing of <paramref name="used"/>.</summary>
    /// <exception cref="NetworkFault">All overlap.</exception>
    public static IPNetwork ChooseFree(IReadOnlyCollection<IPNetwork> used)
    {
        foreach (var candidate in Defaults)
        {
            if (!used.Any(network => Overlap(network, candidate)))
            {
                return candidate;
            }
        }

        throw new NetworkFault(
            NetworkFaultKind.Refused,
            "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network; name one with --bip");
    }

    public static bool Overlap(IPNetwork one, IPNetwork other) =>
        one.BaseAddress.AddressFamily == other.BaseAddress.AddressFamily && (one.Contains(other.BaseAddress) || other.Contains(one.BaseAddress));

    /// <summary>The network that an interface's address is in.</summary>
    public static IPNetwork Of(IPAddress address, int prefixLength)
    {
        var mask = prefixLength == 0 ? 0 : uint.MaxValue << (32 - prefixLength);
        return new IPNetwork(FromNumber(ToNumber(address) & mask), prefixLength);
    }

    public static uint ToNumber(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork
        ? BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes())
        : throw new ArgumentException($"{address} is not an IPv4 address");

    public static IPAddress FromNumber(uint number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes);
    }
}
