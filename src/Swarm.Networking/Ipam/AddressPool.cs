using System.Net;
using System.Net.Sockets;
using Swarm.Model;

namespace Swarm.Networking.Ipam;

/// <summary>
/// The addresses of one network, owned by one loop. It holds nothing that survives: at a start the endpoints that exist are reserved again.
/// The search goes on behind the last address given, so that a freed one rests before it is given again (neighbour caches, open connections).
/// </summary>
public sealed class AddressPool
{
    public const int ShortestPrefix = 8;

    /// <summary>An IPv4 /30 has a gateway and one container.</summary>
    public const int LongestPrefix = 30, LongestPrefix6 = 126;

    private readonly HashSet<UInt128> never;
    private readonly HashSet<UInt128> taken;
    private readonly UInt128 first;
    private readonly UInt128 count;
    private UInt128 last;

    /// <param name="range">What is given by itself; null: all of it. Addresses of the network outside it can be asked for.</param>
    public AddressPool(IPNetwork subnet, IPNetwork? range = null)
    {
        var longest = subnet.IsIPv6() ? LongestPrefix6 : LongestPrefix;
        if (subnet.PrefixLength < ShortestPrefix || subnet.PrefixLength > longest)
        {
            throw new NetworkFault(NetworkFaultKind.Invalid, $"invalid subnet {subnet}: its prefix is to be {ShortestPrefix} to {longest}");
        }

        Subnet = subnet;
        var given = range ?? subnet;
        first = IpAddresses.ToNumber(given.BaseAddress);
        count = Subnets.Size(subnet.BaseAddress.AddressFamily, given.PrefixLength);
        var own = IpAddresses.ToNumber(subnet.BaseAddress); // of IPv6 the routers' anycast
        never = subnet.IsIPv6() ? [own] : [own, own + Subnets.Size(AddressFamily.InterNetwork, subnet.PrefixLength) - 1];
        taken = [.. never];
        last = count - 1;
    }

    public IPNetwork Subnet { get; }

    /// <param name="preferred">Is given if it is free.</param>
    /// <returns>Null when all are taken.</returns>
    public IPAddress? Allocate(IPAddress? preferred = null)
    {
        if (preferred is not null && TryReserve(preferred))
        {
            return preferred;
        }

        // Among one more than are taken, one is free.
        var attempts = UInt128.Min(count, (UInt128)taken.Count + 1);
        for (UInt128 step = 1; step <= attempts; step++)
        {
            var offset = (last + step) % count;
            if (taken.Add(first + offset))
            {
                last = offset;
                return IpAddresses.FromNumber(first + offset, Subnet.BaseAddress.AddressFamily);
            }
        }

        return null;
    }

    /// <returns>False when it is taken, or not of this network.</returns>
    public bool TryReserve(IPAddress address) => Subnet.Contains(address) && taken.Add(IpAddresses.ToNumber(address));

    /// <summary>Gives an address back. The network and broadcast addresses stay taken.</summary>
    public void Release(IPAddress address)
    {
        if (Subnet.Contains(address) && IpAddresses.ToNumber(address) is var number && !never.Contains(number))
        {
            taken.Remove(number);
        }
    }
}
