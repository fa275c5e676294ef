using System.Collections.Immutable;
using System.Net;
using Swarm.Networking.Bridge;
using Swarm.Networking.Ipam;

namespace Swarm.Networking.Networks;

/// <summary>Makes a network's record of what a user asks for: refusals with Docker's words, defaults, and addresses that nobody has.</summary>
internal static class NetworkPlan
{
    /// <param name="existing">Every network of this node.</param>
    /// <param name="hostUses">Addresses and routes of the host: nothing is chosen there, though a user may ask for it.</param>
    /// <exception cref="NetworkFault">It cannot be had.</exception>
    public static NetworkRecord Of(
        NetworkSpec spec, string id, DateTimeOffset now, IReadOnlyCollection<NetworkRecord> existing, IReadOnlyCollection<IPNetwork> hostUses, BridgeOptions node)
    {
        CheckKind(spec, existing);
        if (spec.ConfigOnly)
        {
            return NetworkConfiguration.Hold(spec, id, now);
        }

        var config = NetworkConfiguration.Of(spec, existing);
        spec = config is null ? spec : NetworkConfiguration.Take(spec, config);
        var options = WithDefaults(spec, node);
        var ipv4 = spec.EnableIPv4 ?? BridgeSettings.Bool(options, BridgeSettings.IPv4Option, true);
        var ipv6 = spec.EnableIPv6 ?? BridgeSettings.Bool(options, BridgeSettings.IPv6Option, false);
        if (!ipv4 && !ipv6)
        {
            throw new NetworkFault(NetworkFaultKind.Invalid, "IPv4 or IPv6 must be enabled");
        }

        var asked = config?.Pools ?? (IReadOnlyList<NetworkPool>)PoolChecks.Read(spec.Pools, ipv6);
        var settings = BridgeSettings.Read(id, options);
        if (spec.Driver == NetworkRecord.Macvlan)
        {
            _ = MacvlanSettings.Read(id, options, spec.Internal);
        }
        else if (existing.FirstOrDefault(other => other.Driver == NetworkRecord.Bridge && BridgeSettings.Read(other.Id, other.Options).LinkName == settings.LinkName) is { } twin)
        {
            throw new NetworkFault(
                NetworkFaultKind.Forbidden,
                $"cannot create network {id} ({settings.LinkName}): conflicts with network {twin.Id} ({settings.LinkName}): networks have same bridge name");
        }

        if (!spec.Internal && (settings.Mode4 == GatewayMode.Isolated || settings.Mode6 == GatewayMode.Isolated))
        {
            throw new NetworkFault(NetworkFaultKind.Invalid, "gateway mode 'isolated' can only be used for an internal network");
        }

        var taken = existing.Where(other => !other.ConfigOnly).SelectMany(other => other.Pools).Select(pool => pool.Subnet).ToList();
        var pools = ImmutableArray.CreateBuilder<NetworkPool>();
        if (ipv4)
        {
            pools.Add(Choose(asked, taken, hostUses, node, false));
        }

        if (ipv6)
        {
            pools.Add(Choose(asked, taken, hostUses, node, true));
        }

        return new NetworkRecord
        {
            Name = spec.Name,
            Id = id,
            Driver = spec.Driver == NetworkRecord.Macvlan ? NetworkRecord.Macvlan : NetworkRecord.Bridge,
            Created = now,
            EnableIPv4 = ipv4,
            EnableIPv6 = ipv6,
            Internal = spec.Internal,
            Attachable = spec.Attachable,
            Pools = pools.DrainToImmutable(),
            ConfigFrom = config?.Name ?? "",
            IpamOptions = spec.IpamOptions,
            Options = options,
            Labels = spec.Labels,
        };
    }

    private static void CheckKind(NetworkSpec spec, IReadOnlyCollection<NetworkRecord> existing)
    {
        if (string.IsNullOrWhiteSpace(spec.Name))
        {
            throw new NetworkFault(NetworkFaultKind.Invalid, "invalid name: name is empty");
        }

        if (NetworkRecord.IsPredefinedName(spec.Name))
        {
            throw new NetworkFault(NetworkFaultKind.Forbidden, $"operation is not permitted on predefined {spec.Name} network ");
        }

        if (existing.Any(other => other.Name == spec.Name))
        {
            throw new NetworkFault(NetworkFaultKind.Conflict, $"network with name {spec.Name} already exists");
        }

        switch (spec.ConfigOnly ? "" : spec.Driver)
        {
            case "" or "default" or NetworkRecord.Bridge or NetworkRecord.Macvlan:
                break;
            case "host" or "null":
                throw new NetworkFault(NetworkFaultKind.Forbidden, $"only one instance of \"{spec.Driver}\" network is allowed");
            case "overlay" or "ipvlan":
                throw new NetworkFault(NetworkFaultKind.Unsupported, $"networks of the driver {spec.Driver} are not built in this version: the drivers are bridge and macvlan");
            default:
                throw new NetworkFault(NetworkFaultKind.NotFound, $"could not find plugin {spec.Driver} in v1 plugin registry: plugin \"{spec.Driver}\" not found");
        }

        if (!spec.ConfigOnly && (spec.Ingress || spec.Scope is not ("" or "local")))
        {
            throw new NetworkFault(NetworkFaultKind.Forbidden, $"a network of the driver {(spec.Driver.Length > 0 ? spec.Driver : NetworkRecord.Bridge)} is of this node only: scope \"{spec.Scope}\"{(spec.Ingress ? ", ingress" : "")} cannot be had");
        }

        if (spec.IpamDriver is not ("" or "default"))
        {
            throw new NetworkFault(NetworkFaultKind.NotFound, $"could not find plugin {spec.IpamDriver} in v1 plugin registry: plugin \"{spec.IpamDriver}\" not found");
        }
    }

    private static ImmutableSortedDictionary<string, string> WithDefaults(NetworkSpec spec, BridgeOptions node)
    {
        var options = spec.Options;
        foreach (var (name, value) in node.DefaultNetworkOptions.GetValueOrDefault(spec.Driver == NetworkRecord.Macvlan ? NetworkRecord.Macvlan : NetworkRecord.Bridge) ?? [])
        {
            options = options.ContainsKey(name) ? options : options.Add(name, value);
        }

        return options;
    }

    private static NetworkPool Choose(
        IReadOnlyList<NetworkPool> asked, IReadOnlyCollection<IPNetwork> taken, IReadOnlyCollection<IPNetwork> hostUses, BridgeOptions node, bool ipv6)
    {
        if (asked.FirstOrDefault(pool => pool.Subnet.IsIPv6() == ipv6) is not { } named)
        {
            var pools = ipv6 && !node.DefaultPools.Any(pool => pool.Base.IsIPv6()) ? [DefaultPools.UniqueLocal(node.InstanceId)] : node.DefaultPools;
            var subnet = DefaultPools.ChooseFree(pools, [.. taken, .. hostUses], ipv6);
            return new NetworkPool(subnet, null, Subnets.At(subnet, 1), ImmutableSortedDictionary<string, IPAddress>.Empty, false);
        }

        if (taken.Any(subnet => Subnets.Overlap(subnet, named.Subnet)))
        {
            throw new NetworkFault(NetworkFaultKind.Forbidden, "invalid pool request: Pool overlaps with other one on this address space");
        }

        return named.Gateway is not null ? named : named with { Gateway = FirstFree(named) };
    }

    /// <summary>The gateway that nobody named is the lowest of the range that is not spoken for.</summary>
    private static IPAddress FirstFree(NetworkPool named)
    {
        var pool = new AddressPool(named.Subnet, named.Range);
        foreach (var address in named.Auxiliary.Values)
        {
            pool.TryReserve(address);
        }

        return pool.Allocate() ?? throw new NetworkFault(NetworkFaultKind.Invalid, $"no address of {named.Range ?? named.Subnet} is left for the gateway");
    }
}
