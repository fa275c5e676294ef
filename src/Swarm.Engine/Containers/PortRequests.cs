using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine.Containers;

/// <summary>PortBindings and PublishAllPorts as the ports that the network publishes.</summary>
public static class PortRequests
{
    /// <exception cref="EngineException">400: not a port.</exception>
    public static ImmutableArray<PublishedPort> Of(ContainerConfig config, HostConfig host)
    {
        var ports = ImmutableArray.CreateBuilder<PublishedPort>();
        foreach (var (key, bindings) in host.PortBindings ?? [])
        {
            var (port, protocol) = Parse(key);
            foreach (var binding in bindings ?? [])
            {
                var (first, last) = HostPorts(binding.HostPort);
                ports.Add(new PublishedPort(protocol, port, Address(binding.HostIp), first) { LastHostPort = last });
            }
        }

        if (host.PublishAllPorts)
        {
            foreach (var key in config.ExposedPorts?.Keys.Where(k => host.PortBindings?.ContainsKey(k) != true) ?? [])
            {
                var (port, protocol) = Parse(key);
                ports.Add(new PublishedPort(protocol, port, null, 0));
            }
        }

        return ports.DrainToImmutable();
    }

    public static (int Port, string Protocol) Parse(string key)
    {
        var parts = key.Split('/', 2);
        var protocol = parts.Length == 2 ? parts[1].ToLowerInvariant() : "tcp";
        return ushort.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var port) && protocol is "tcp" or "udp" or "sctp"
            ? (port, protocol)
            : throw EngineException.BadRequest($"invalid port specification: \"{key}\"");
    }

    /// <summary>One port, or the first and the last of a range of which any will do; 0: any at all.</summary>
    private static (int First, int Last) HostPorts(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return (0, 0);
        }

        var ends = text.Split('-', 2);
        return ushort.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            && ushort.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last) && first <= last
            ? (first, first == last ? 0 : last)
            : throw EngineException.BadRequest($"invalid port specification: \"{text}\"");
    }

    private static IPAddress? Address(string? text) => string.IsNullOrEmpty(text) ? null
        : IPAddress.TryParse(text, out var address) ? address
        : throw EngineException.BadRequest($"invalid IP address: {text}");
}
