using System.Net;

namespace Swarm.Networking.Ipam;

/// <summary>
/// The addresses of one IPv4 network, owned by one loop. It holds nothing that survives: at a start the endpoints that exist are reserved again.
/// The search goes on behind the last address given, so that a freed one rests before it is given again (neighbour caches, open connections).
/// </summary>
public sealed class AddressPool
{
    /// <summary>A /8 is 2 MiB of bits.</summary>
    public const int ShortestPrefix = 8;

    /// <summary>A /30 has a gateway and one container.</summary>
    public const int LongestPrefix = 30;

    private readonly ulong[] taken;
    private readonly uint network;
    private readonly uint hosts;
    private readonly uint first;
    private readonly uint count;
    private uint last;

    /// <param name="range">The part that addresses are given of; others can be reserved still. Null: all.</param>
    /// <exception cref="NetworkFault">A network without room, or a range outside it.</exception>
    public AddressPool(IPNetwork subnet, IPNetwork? range = null)
    {
        if (subnet.PrefixLength is < ShortestPrefix or > LongestPrefix)
        {
            throw new NetworkFault(NetworkFaultKind.Invalid, $"invalid subnet {subnet}: its prefix is to be {ShortestPrefix} to {LongestPrefix}");
        }

        Subnet = subnet;
        network = Subnets.ToNumber(subnet.BaseAddress);
        hosts = 1u << (32 - subnet.PrefixLength);
        if (range is { } part && (part.PrefixLength < subnet.PrefixLength || !subnet.Contains(part.BaseAddress)))
        {
            throw new NetworkFault(NetworkFaultKind.Invalid, $"invalid range {part}: it is not part of {subnet}");
        }

        first = range is null ? 0 : Subnets.ToNumber(range.Value.BaseAddress) - network;
        count = range is null ? hosts : 1u << (32 - range.Value.PrefixLength);
        taken = new ulong[(hosts + 63) / 64];
        Set(0, true); // the network's own address
        Set(hosts - 1, true); // the broadcast address
    }

    public IPNetwork Subnet { get; }

    /// <returns>Null when all are taken.</returns>
    public IPAddress? Allocate()
    {
        for (uint step = 1; step <= count; step++)
        {
            var host = first + ((last + step) % count);
            if (host % 64 == 0 && step + 64 <= count && taken[host / 64] == ulong.MaxValue)
            {
                step += 63;
                continue;
            }

            if (!IsTaken(host))
            {
                Set(host, true);
                last = host - first;
                return Subnets.FromNumber(network + host);
            }
        }

        return null;
    }

    /// <returns>False when it is taken, or not of this network.</returns>
    public bool TryReserve(IPAddress address)
    {
        if (!Subnet.Contains(address) || IsTaken(HostOf(address)))
        {
            return false;
        }

        Set(HostOf(address), true);
        return true;
    }

    /// <summary>Gives an address back. The network and broadcast addresses stay taken.</summary>
    public void Release(IPAddress address)
    {
        if (Subnet.Contains(address) && HostOf(address) is var host && host != 0 && host != hosts - 1)
        {
            Set(host, false);
        }
    }

    private uint HostOf(IPAddress address) => Subnets.ToNumber(address) - network;

    private bool IsTaken(uint host) => (taken[host / 64] & (1ul << (int)(host % 64))) != 0;

    private void Set(uint host, bool value)
    {
        var bit = 1ul << (int)(host % 64);
        taken[host / 64] = value ? taken[host / 64] | bit : taken[host / 64] & ~bit;
    }
}
