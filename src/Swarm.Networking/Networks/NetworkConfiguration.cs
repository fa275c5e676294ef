namespace Swarm.Networking.Networks;

/// <summary>Networks that only hold a configuration (<c>--config-only</c>), and those that take theirs from one (<c>--config-from</c>).</summary>
internal static class NetworkConfiguration
{
    /// <summary>A network that only holds what others take.</summary>
    /// <exception cref="NetworkFault">It cannot be had.</exception>
    public static NetworkRecord Hold(NetworkSpec spec, string id, DateTimeOffset now)
    {
        if (spec.ConfigFrom.Length > 0)
        {
            throw new NetworkFault(NetworkFaultKind.Forbidden, "a configuration network cannot depend on another configuration network");
        }

        if (spec.Ingress || spec.Internal || spec.Attachable || spec.Scope.Length > 0)
        {
            throw new NetworkFault(
                NetworkFaultKind.Forbidden,
                "configuration network can only contain network specific fields. Network operator fields like [ ingress | internal | attachable | scope ] are not supported.");
        }

        return new NetworkRecord
        {
            Name = spec.Name,
            Id = id,
            Driver = "null",
            Created = now,
            ConfigOnly = true,
            EnableIPv4 = spec.EnableIPv4 ?? true,
            EnableIPv6 = spec.EnableIPv6 ?? false,
            Pools = [.. PoolChecks.Read(spec.Pools, spec.EnableIPv6 ?? false)],
            IpamOptions = spec.IpamOptions,
            Options = spec.Options,
            Labels = spec.Labels,
        };
    }

    /// <summary>The network that a spec takes its configuration from; null: from none.</summary>
    /// <exception cref="NetworkFault">There is no such network, or the spec has a configuration of its own too.</exception>
    public static NetworkRecord? Of(NetworkSpec spec, IReadOnlyCollection<NetworkRecord> existing)
    {
        if (spec.ConfigFrom.Length == 0)
        {
            return null;
        }

        if (spec.EnableIPv6 == true || !spec.Pools.IsEmpty || !spec.IpamOptions.IsEmpty || !spec.Options.IsEmpty || !spec.Labels.IsEmpty)
        {
            throw new NetworkFault(NetworkFaultKind.Forbidden, "user supplied configurations are not supported if the network depends on a configuration network");
        }

        return existing.FirstOrDefault(other => other.ConfigOnly && (other.Name == spec.ConfigFrom || other.Id == spec.ConfigFrom))
            ?? throw new NetworkFault(NetworkFaultKind.NotFound, $"configuration network \"{spec.ConfigFrom}\" not found");
    }

    public static NetworkSpec Take(NetworkSpec spec, NetworkRecord held) => spec with
    {
        EnableIPv4 = held.EnableIPv4,
        EnableIPv6 = held.EnableIPv6,
        IpamOptions = held.IpamOptions,
        Options = held.Options,
        Labels = held.Labels,
    };
}
