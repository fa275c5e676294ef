using System.Net;
using System.Text;
using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine.Containers;

/// <summary>The contents of a container's /etc/hosts, /etc/hostname and /etc/resolv.conf.</summary>
internal static class NetworkFiles
{
    private const string HostResolvConf = "/etc/resolv.conf", HostGateway = "host-gateway";

    public static string Hosts(ContainerRecord container, string hostname, IEnumerable<NetworkEndpoint> endpoints, ContainerDefaults defaults)
    {
        var text = new StringBuilder("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\nff00::\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n");
        var list = endpoints.ToList();
        foreach (var entry in container.HostConfig.ExtraHosts ?? [])
        {
            var separator = entry.IndexOf(':', StringComparison.Ordinal);
            var address = entry[(separator + 1)..];
            if (address == HostGateway && defaults.HostGateways.Count > 0)
            {
                foreach (var gateway in defaults.HostGateways)
                {
                    text.Append(gateway).Append('\t').Append(entry, 0, separator).Append('\n');
                }

                continue;
            }

            if (address == HostGateway)
            {
                address = list.Select(e => e.Gateway).FirstOrDefault(g => g is not null)?.ToString() ?? IPAddress.Loopback.ToString();
            }

            text.Append(address).Append('\t').Append(entry, 0, separator).Append('\n');
        }

        var domain = string.IsNullOrEmpty(container.Config.Domainname) ? "" : $"{hostname}.{container.Config.Domainname} ";
        foreach (var endpoint in list.Where(e => e.Address is not null))
        {
            text.Append(endpoint.Address).Append('\t').Append(domain).Append(hostname).Append('\n');
        }

        return text.ToString();
    }

    /// <exception cref="EngineException">400: not name:address.</exception>
    public static void CheckExtraHosts(HostConfig host)
    {
        foreach (var entry in host.ExtraHosts ?? [])
        {
            var separator = entry.IndexOf(':', StringComparison.Ordinal);
            if (separator <= 0 || (entry[(separator + 1)..] != HostGateway && !IPAddress.TryParse(entry[(separator + 1)..].Trim('[', ']'), out _)))
            {
                throw EngineException.BadRequest($"bad format for add-host: \"{entry}\"");
            }
        }
    }

    /// <summary>The host's, with what the container asks for in place of it. A server on the host's loopback is out of a container's reach.</summary>
    public static string ResolvConf(HostConfig host, bool sharesHostNetwork, ContainerDefaults defaults)
    {
        var lines = File.Exists(HostResolvConf)
            ? File.ReadAllLines(HostResolvConf).Select(l => l.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).Where(f => f.Length >= 2).ToList()
            : [];
        host = host with
        {
            Dns = host.Dns is { Count: > 0 } ? host.Dns : defaults.Dns,
            DnsSearch = host.DnsSearch is { Count: > 0 } ? host.DnsSearch : defaults.DnsSearch,
            DnsOptions = host.DnsOptions is { Count: > 0 } ? host.DnsOptions : defaults.DnsOptions,
        };
        var servers = host.Dns is { Count: > 0 } ? host.Dns : [.. lines.Where(f => f[0] == "nameserver").Select(f => f[1])];
        if (!sharesHostNetwork && host.Dns is not { Count: > 0 })
        {
            servers = [.. servers.Where(s => !IPAddress.TryParse(s, out var address) || !IPAddress.IsLoopback(address))];
        }

        var search = host.DnsSearch is { Count: > 0 } ? host.DnsSearch : [.. lines.Where(f => f[0] is "search" or "domain").SelectMany(f => f.Skip(1))];
        var options = host.DnsOptions is { Count: > 0 } ? host.DnsOptions : [.. lines.Where(f => f[0] == "options").SelectMany(f => f.Skip(1))];
        var text = new StringBuilder();
        foreach (var server in servers)
        {
            text.Append("nameserver ").Append(server).Append('\n');
        }

        if (search.Count > 0 && search is not ["."])
        {
            text.Append("search ").AppendJoin(' ', search).Append('\n');
        }

        if (options.Count > 0)
        {
            text.Append("options ").AppendJoin(' ', options).Append('\n');
        }

        return text.ToString();
    }
}
