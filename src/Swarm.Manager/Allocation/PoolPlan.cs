using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Swarm.Manager.Control;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Allocation;

/// <summary>Chooses the addresses and the VXLAN identifier of a new network, as it was asked for or such as nobody has.</summary>
internal static class PoolPlan
{
    /// <summary>As in Docker; what is below is for users to choose.</summary>
    internal const int FirstVni = 4097;
    internal const int LastVni = (1 << 24) - 1;

    /// <summary>Prefix length of IPv6 subnets that nobody asked for.</summary>
    private const int PrefixLength6 = 64;

    /// <summary>The network with pools and identifier; null, and why, if they can not be had. What is asked for has been validated.</summary>
    internal static Network? Complete(Network asked, Cluster cluster, StoreView view, out string problem)
    {
        problem = "";
        if (asked.IsOfNodes)
        {
            return asked;
        }

        var taken = view.Networks.SelectMany(network => network.Pools.Select(pool => (network, Block: Block(pool.Subnet)))).ToList();
        var pools = ImmutableArray.CreateBuilder<NetworkPool>();
        foreach (var pool in asked.AskedPools.Where(pool => pool.Subnet.Length > 0 && (asked.EnableIPv6 || !pool.Subnet.Contains(':'))))
        {
            if (taken.FirstOrDefault(other => other.Block.Overlaps(Block(pool.Subnet))) is { network: { } owner } clash)
            {
                problem = $"invalid pool request: Pool overlaps with other one on this address space: {pool.Subnet} overlaps {clash.Block} of network {owner.Annotations.Name}";
                return null;
            }

            pools.Add(WithGateway(pool));
        }

        if (VniOf(asked, view, out problem) is not { } vni)
        {
            return null;
        }

        foreach (var family in Families(asked).Where(family => pools.All(pool => Block(pool.Subnet).Family != family)).ToList())
        {
            var candidates = family == AddressFamily.InterNetwork ? Candidates(cluster) : Candidates6(cluster, vni);
            if (candidates.Cast<Cidr?>().FirstOrDefault(one => taken.All(other => !other.Block.Overlaps(one!.Value))) is not { } free)
            {
                problem = $"could not find an available, non-overlapping {(family == AddressFamily.InterNetwork ? "IPv4" : "IPv6")} address pool among the defaults to assign to the network";
                return null;
            }

            pools.Add(WithGateway(new NetworkPool { Subnet = free.ToString() }));
        }

        return asked with { Vni = vni, Pools = [.. pools.OrderBy(pool => pool.Subnet.Contains(':'))] };
    }

    /// <summary>The network for published ports that a cluster begins with; null if there are no addresses for it.</summary>
    internal static Network? Ingress(string id, Cluster cluster, StoreView view) => Complete(
        new Network { Id = id, Annotations = new Annotations { Name = "ingress" }, Driver = new DriverConfig { Name = "overlay" }, Ingress = true }, cluster, view, out _);

    private static AddressFamily[] Families(Network asked) => asked.EnableIPv6 ? [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6] : [AddressFamily.InterNetwork];

    private static int? VniOf(Network asked, StoreView view, out string problem)
    {
        problem = "";
        var taken = view.Networks.Select(network => network.Vni).ToHashSet();
        if (asked.Driver.Options.TryGetValue(NetworkControl.VniOption, out var list))
        {
            var wanted = int.Parse(list.Split(',')[0], NumberStyles.None, CultureInfo.InvariantCulture);
            problem = taken.Contains(wanted) ? $"VXLAN identifier {wanted} is used by network {view.Networks.First(network => network.Vni == wanted).Annotations.Name}" : "";
            return problem.Length == 0 ? wanted : null;
        }

        for (var vni = FirstVni; vni <= LastVni; vni++)
        {
            if (!taken.Contains(vni))
            {
                return vni;
            }
        }

        problem = "every VXLAN identifier is in use";
        return null;
    }

    private static IEnumerable<Cidr> Candidates(Cluster cluster)
    {
        foreach (var pool in cluster.DefaultAddressPool.Select(Block).Where(pool => !pool.IsIPv6 && pool.PrefixLength <= cluster.SubnetSize))
        {
            var size = UInt128.One << (32 - cluster.SubnetSize);
            for (var first = pool.First; first <= pool.Last; first += size)
            {
                yield return new Cidr(pool.Family, first, cluster.SubnetSize);
            }
        }
    }

    /// <summary>Unique local addresses (RFC 4193), whose global identifier is the cluster's own.</summary>
    private static IEnumerable<Cidr> Candidates6(Cluster cluster, int vni)
    {
        var prefix = new byte[16];
        prefix[0] = 0xfd;
        SHA256.HashData(Encoding.ASCII.GetBytes(cluster.Id)).AsSpan(0, 5).CopyTo(prefix.AsSpan(1));
        for (var subnet = 0; subnet <= ushort.MaxValue; subnet++)
        {
            var number = (ushort)(vni + subnet);
            (prefix[6], prefix[7]) = ((byte)(number >> 8), (byte)number);
            yield return Cidr.Of(new IPAddress(prefix), PrefixLength6);
        }
    }

    private static NetworkPool WithGateway(NetworkPool pool)
    {
        var block = Block(pool.Subnet);
        if (pool.Gateway.Length > 0)
        {
            return pool with { Subnet = block.ToString() };
        }

        var taken = pool.Auxiliary.Values.Select(text => IpAddresses.ToNumber(IpAddresses.OfCidr(text))).ToHashSet();
        var gateway = block.First + 1;
        while (taken.Contains(gateway))
        {
            gateway++;
        }

        return pool with { Subnet = block.ToString(), Gateway = IpAddresses.FromNumber(gateway, block.Family).ToString() };
    }

    private static Cidr Block(string text) => Cidr.TryParse(text, out var block, out _) ? block : throw new InvalidDataException($"\"{text}\" is no subnet");
}
