using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Swarm.Networking.Ipam;

/// <summary>A network that subnets are cut from, as of dockerd's <c>--default-address-pool base=10.10.0.0/16,size=24</c>.</summary>
/// <param name="Size">Prefix length of each subnet.</param>
public sealed record DefaultPool(IPNetwork Base, int Size);

/// <summary>Where subnets come from that nobody named.</summary>
public static class DefaultPools
{
    /// <summary>A pool of small subnets is searched no further than this.</summary>
    private const int MostSubnets = 65536;

    private const int UniqueLocalPrefix = 48, SubnetPrefix6 = 64;

    /// <summary>Docker's own: 172.17.0.0/16 to 172.31.0.0/16, then 192.168.0.0/16 in pieces of /20.</summary>
    public static ImmutableArray<DefaultPool> Docker { get; } =
    [
        .. Enumerable.Range(17, 15).Select(second => new DefaultPool(new IPNetwork(new IPAddress([172, (byte)second, 0, 0]), 16), 16)),
        new DefaultPool(IPNetwork.Parse("192.168.0.0/16"), 20),
    ];

    /// <summary>A unique local prefix (RFC 4193) that is this node's own, the same at every start.</summary>
    public static DefaultPool UniqueLocal(string instanceId)
    {
        Span<byte> address = stackalloc byte[16];
        address.Clear();
        SHA256.HashData(Encoding.UTF8.GetBytes(instanceId)).AsSpan(0, 5).CopyTo(address[1..]);
        address[0] = 0xfd;
        return new DefaultPool(new IPNetwork(new IPAddress(address), UniqueLocalPrefix), SubnetPrefix6);
    }

    /// <summary>The first subnet that overlaps nothing of <paramref name="used"/>.</summary>
    /// <exception cref="NetworkFault">All overlap.</exception>
    public static IPNetwork ChooseFree(IEnumerable<DefaultPool> pools, IReadOnlyCollection<IPNetwork> used, bool ipv6)
    {
        foreach (var candidate in pools.Where(pool => pool.Base.IsIPv6() == ipv6).SelectMany(Cut))
        {
            if (!used.Any(network => Subnets.Overlap(network, candidate)))
            {
                return candidate;
            }
        }

        throw new NetworkFault(NetworkFaultKind.Forbidden, "all predefined address pools have been fully subnetted");
    }

    private static IEnumerable<IPNetwork> Cut(DefaultPool pool)
    {
        var family = pool.Base.BaseAddress.AddressFamily;
        var size = Subnets.Size(family, pool.Size);
        var pieces = pool.Size - pool.Base.PrefixLength is var bits && bits < 16 ? 1 << bits : MostSubnets;
        return Enumerable.Range(0, pieces).Select(piece => new IPNetwork(Subnets.At(pool.Base, size * (UInt128)piece), pool.Size));
    }
}
