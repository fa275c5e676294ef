using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine.Containers;

/// <summary>PortBindings and PublishAllPorts as the ports that the network publishes.</summary>
public static class PortRequests
{
    /// <exception cref="EngineException">400: not a port; 501: a range of host ports.</exception>
    public static ImmutableArray<PublishedPort> Of(ContainerConfig config, HostConfig host)
    {
        var ports = ImmutableArray.CreateBuilder<PublishedPort>();
        foreach (var (key, bindings) in host.PortBindings ?? [])
        {
            var (port, protocol) = Parse(key);
            foreach (var binding in bindings ?? [])
            {
                ports.Add(new PublishedPort(protocol, port, Address(binding.HostIp), HostPort(binding.HostPort)));
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

    private static int HostPort(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return 0;
        }

        if (text.Contains('-', StringComparison.Ordinal))
        {
            throw EngineException.NotImplemented($"a range of host ports ({text}) for one port is not built yet: name one port, or none");
        }

        return ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            ? port
            : throw EngineException.BadRequest($"invalid port specification: \"{text}\"");
    }

    private static IPAddress? Address(string? text) => string.IsNullOrEmpty(text) ? null
        : IPAddress.TryParse(text, out var address) ? address
        : throw EngineException.BadRequest($"invalid IP address: {text}");
}
