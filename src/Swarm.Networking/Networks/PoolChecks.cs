using System.Collections.Immutable;
using System.Net;
using Swarm.Model;
using Swarm.Networking.Ipam;

namespace Swarm.Networking.Networks;

/// <summary>Subnets, ranges, gateways and auxiliary addresses as a user writes them.</summary>
internal static class PoolChecks
{
    /// <param name="ipv6">Without it, what is said of IPv6 counts for nothing, as with Docker.</param>
    /// <exception cref="NetworkFault">Everything that is wrong, in one text.</exception>
    public static IReadOnlyList<NetworkPool> Read(ImmutableArray<PoolSpec> specs, bool ipv6)
    {
        var errors = new List<string>();
        var pools = specs.Select(spec => Read(spec, ipv6, errors)).OfType<NetworkPool>().ToList();
        if (errors.Count > 0)
        {
            throw new NetworkFault(NetworkFaultKind.Invalid, $"invalid network config:\n{Joined(errors)}");
        }

        if (pools.GroupBy(pool => pool.Subnet.IsIPv6()).Any(family => family.Count() > 1))
        {
            throw new NetworkFault(NetworkFaultKind.Forbidden, "bridge driver doesn't support multiple subnets");
        }

        foreach (var pool in pools)
        {
            _ = new AddressPool(pool.Subnet); // refuses what is too large or too small
        }

        return pools;
    }

    /// <summary>Docker's form of several errors.</summary>
    public static string Joined(IReadOnlyList<string> errors) => errors.Count == 1 ? errors[0] : string.Join('\n', errors.Select(error => "* " + error));

    private static NetworkPool? Read(PoolSpec spec, bool ipv6, List<string> errors)
    {
        if (!TryNetwork(spec.Subnet, out var address, out var prefix))
        {
            errors.Add($"invalid subnet {spec.Subnet}: invalid CIDR block notation");
            return null;
        }

        if (address.IsIPv6() && !ipv6)
        {
            return null;
        }

        var subnet = Subnets.Of(address, prefix);
        if (!subnet.BaseAddress.Equals(address))
        {
            errors.Add($"invalid subnet {spec.Subnet}: it should be {subnet}");
        }

        var range = spec.Range.Length == 0 ? null : Range(spec.Range, subnet, errors);
        var gateway = spec.Gateway.Length == 0 ? null : Inside(spec.Gateway, subnet, $"invalid gateway {spec.Gateway}", errors);
        var auxiliary = spec.Auxiliary.Select(pair => (pair.Key, Address: Inside(pair.Value, subnet, $"invalid auxiliary address {pair.Key}", errors)))
            .Where(pair => pair.Address is not null)
            .ToImmutableSortedDictionary(pair => pair.Key, pair => pair.Address!);
        return new NetworkPool(subnet, range, gateway, auxiliary, true);
    }

    private static IPNetwork? Range(string text, IPNetwork subnet, List<string> errors)
    {
        if (!TryNetwork(text, out var address, out var prefix))
        {
            errors.Add($"invalid ip-range {text}: invalid CIDR block notation");
            return null;
        }

        if (address.IsIPv6() != subnet.IsIPv6())
        {
            errors.Add($"invalid ip-range {text}: parent subnet is an {Family(subnet)} block");
            return null;
        }

        var range = Subnets.Of(address, prefix);
        if (!range.BaseAddress.Equals(address))
        {
            errors.Add($"invalid ip-range {text}: it should be {range}");
        }
        else if (prefix < subnet.PrefixLength || !subnet.Contains(address))
        {
            errors.Add($"invalid ip-range {text}: parent subnet {subnet} doesn't contain ip-range");
        }

        return range;
    }

    private static IPAddress? Inside(string text, IPNetwork subnet, string what, List<string> errors)
    {
        if (!IPAddress.TryParse(text, out var address))
        {
            errors.Add($"{what}: invalid address");
        }
        else if (address.IsIPv6() != subnet.IsIPv6())
        {
            errors.Add($"{what}: parent subnet is an {Family(subnet)} block");
        }
        else if (!subnet.Contains(address))
        {
            errors.Add($"{what}: parent subnet {subnet} doesn't contain this address");
        }

        return address;
    }

    private static string Family(IPNetwork network) => network.IsIPv6() ? "IPv6" : "IPv4";

    private static bool TryNetwork(string text, out IPAddress address, out int prefix)
    {
        prefix = 0;
        address = IPAddress.None;
        var slash = text.IndexOf('/');
        if (slash <= 0 || !IPAddress.TryParse(text[..slash], out var parsed) || !int.TryParse(text[(slash + 1)..], out prefix) || prefix < 0 || prefix > IpAddresses.Bits(parsed.AddressFamily))
        {
            return false;
        }

        address = parsed;
        return true;
    }
}
