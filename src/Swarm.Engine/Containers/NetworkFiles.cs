using System.Collections.Immutable;
using System.Net;
using System.Text;
using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine.Containers;

/// <summary>The contents of a container's /etc/hosts, /etc/hostname and /etc/resolv.conf.</summary>
internal static class NetworkFiles
{
    private const string HostResolvConf = "/etc/resolv.conf", HostGateway = "host-gateway", OwnNameServer = "127.0.0.11";

    /// <param name="gateways">What host-gateway stands for.</param>
    /// <param name="links">Lines for linked containers.</param>
    public static string Hosts(ContainerRecord container, string hostname, IEnumerable<NetworkEndpoint> endpoints, IReadOnlyCollection<IPAddress> gateways, IEnumerable<string> links)
    {
        var text = new StringBuilder("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\nff00::\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n");
        foreach (var entry in container.HostConfig.ExtraHosts ?? [])
        {
            var separator = entry.IndexOf(':', StringComparison.Ordinal);
            var address = entry[(separator + 1)..];
            foreach (var line in address == HostGateway ? gateways.Select(gateway => gateway.ToString()) : [address.Trim('[', ']')])
            {
                text.Append(line).Append('\t').Append(entry, 0, separator).Append('\n');
            }
        }

        foreach (var line in links)
        {
            text.Append(line).Append('\n');
        }

        var domain = string.IsNullOrEmpty(container.Config.Domainname) ? "" : $"{hostname}.{container.Config.Domainname} ";
        foreach (var address in endpoints.SelectMany(endpoint => new[] { endpoint.Address, endpoint.Address6 }).OfType<IPAddress>())
        {
            text.Append(address).Append('\t').Append(domain).Append(hostname).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>A file as it is now, with the lines changed that we would write otherwise than before: what the container wrote stays.</summary>
    public static string Merge(string present, string before, string after)
    {
        var (old, now) = (before.Split('\n'), after.Split('\n'));
        var gone = old.Except(now).ToHashSet();
        var text = new StringBuilder();
        foreach (var line in present.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !gone.Contains(line)).Concat(now.Except(old)))
        {
            text.Append(line).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>What the container does not say about names, the daemon's configuration may.</summary>
    public static HostConfig WithDns(HostConfig host, ContainerDefaults defaults) => host with
    {
        Dns = host.Dns is { Count: > 0 } ? host.Dns : defaults.Dns,
        DnsSearch = host.DnsSearch is { Count: > 0 } ? host.DnsSearch : defaults.DnsSearch,
        DnsOptions = host.DnsOptions is { Count: > 0 } ? host.DnsOptions : defaults.DnsOptions,
    };

    /// <summary>The name servers that a container's own at 127.0.0.11 asks in turn: from inside the container, and from the host.</summary>
    public static (ImmutableArray<IPAddress> Inside, ImmutableArray<IPAddress> Host) Upstream(HostConfig host)
    {
        var asked = host.Dns is { Count: > 0 };
        var servers = (asked ? host.Dns! : HostLines().Where(f => f[0] == "nameserver").Select(f => f[1]))
            .Select(text => IPAddress.TryParse(text, out var address) ? address : null).OfType<IPAddress>().ToList();
        return ([.. servers.Where(server => asked || !IPAddress.IsLoopback(server))], [.. servers.Where(server => !asked && IPAddress.IsLoopback(server))]);
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
    /// <param name="sandbox">Null: it shares the host's network.</param>
    public static string ResolvConf(HostConfig host, NetworkSandbox? sandbox)
    {
        var lines = HostLines();
        var servers = host.Dns is { Count: > 0 } ? host.Dns : [.. lines.Where(f => f[0] == "nameserver").Select(f => f[1])];
        if (sandbox is { HasNameServer: true })
        {
            servers = [OwnNameServer];
        }
        else if (sandbox is not null && host.Dns is not { Count: > 0 })
        {
            servers = [.. servers.Where(s => !IPAddress.TryParse(s, out var address) || !IPAddress.IsLoopback(address))];
        }

        var search = host.DnsSearch is { Count: > 0 } ? host.DnsSearch : [.. lines.Where(f => f[0] is "search" or "domain").SelectMany(f => f.Skip(1))];
        var options = host.DnsOptions is { Count: > 0 } ? host.DnsOptions : [.. lines.Where(f => f[0] == "options").SelectMany(f => f.Skip(1))];
        if (sandbox is { HasNameServer: true } && !options.Any(option => option.StartsWith("ndots:", StringComparison.Ordinal)))
        {
            options = [.. options, "ndots:0"]; // a name without a dot is asked as it is, not first with the search domains
        }

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

    private static List<string[]> HostLines() => File.Exists(HostResolvConf)
        ? [.. File.ReadAllLines(HostResolvConf).Select(l => l.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).Where(f => f.Length >= 2)]
        : [];
}
