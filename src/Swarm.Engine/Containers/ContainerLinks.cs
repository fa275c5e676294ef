using System.Globalization;
using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine.Containers;

/// <summary>`--link TARGET[:ALIAS]`: on the default network lines of /etc/hosts and variables, elsewhere a name that only one container knows.</summary>
internal static class ContainerLinks
{
    /// <exception cref="EngineException">400: not TARGET or TARGET:ALIAS.</exception>
    public static IEnumerable<(string Target, string Alias)> Read(IEnumerable<string>? links) => (links ?? []).Select(link =>
    {
        var parts = link.Split(':');
        var target = parts[0].TrimStart('/');
        var alias = parts.Length == 2 ? parts[1] : target;
        return parts.Length <= 2 && target.Length > 0 && alias.Length > 0
            ? (target, alias[(alias.LastIndexOf('/') + 1)..])
            : throw EngineException.BadRequest($"bad format for links: {link}");
    });

    /// <exception cref="EngineException">400: links make no sense in this mode, or name no container.</exception>
    public static void Check(HostConfig host, ContainerIndex containers)
    {
        if (host.Links is not { Count: > 0 })
        {
            return;
        }

        if (host.NetworkMode == "host" || SharedNamespaces.ContainerOf(host.NetworkMode) is not null)
        {
            throw EngineException.BadRequest(host.NetworkMode == "host"
                ? "conflicting options: host type networking can't be used with links. This would result in undefined behavior"
                : "conflicting options: container type network can't be used with links. Use network-scoped links instead. This would result in undefined behavior");
        }

        foreach (var (target, _) in Read(host.Links))
        {
            if (containers.TryGet(target) is null)
            {
                throw EngineException.BadRequest($"could not get container for {target}: No such container: {target}");
            }
        }
    }

    /// <summary>The linked containers of one on the default network.</summary>
    /// <exception cref="EngineException">409: one does not run.</exception>
    public static IReadOnlyList<(Container Target, string Alias)> Resolve(ContainerRecord record, Func<string, Container> find) =>
        ContainerNetworks.Mode(record.HostConfig.NetworkMode) != "bridge"
            ? []
            : [.. Read(record.HostConfig.Links).Select(link => find(link.Target) is { State.IsRunning: true } target
                ? (target, link.Alias)
                : throw EngineException.Conflict($"Cannot link to a non running container: /{link.Target} AS /{record.Name}/{link.Alias}"))];

    /// <summary>As /etc/hosts has it: the target by the alias, its hostname and its name.</summary>
    public static IEnumerable<string> HostLines(IEnumerable<(Container Target, string Alias)> links) => links
        .Where(link => AddressOf(link.Target) is not null)
        .Select(link => $"{AddressOf(link.Target)}\t{string.Join(' ', new[] { link.Alias, link.Target.Record.Config.Hostname ?? "", link.Target.Record.Name }.Where(name => name.Length > 0).Distinct())}");

    /// <summary>ALIAS_NAME, ALIAS_PORT..., ALIAS_ENV_..., as Docker has set them since its beginning.</summary>
    public static IEnumerable<string> Environment(ContainerRecord record, IEnumerable<(Container Target, string Alias)> links) => links.SelectMany(link =>
    {
        var prefix = link.Alias.ToUpperInvariant().Replace('-', '_');
        List<string> variables = [];
        var address = AddressOf(link.Target);
        var ports = (link.Target.Record.Config.ExposedPorts?.Keys ?? Enumerable.Empty<string>()).Select(PortRequests.Parse)
            .OrderBy(port => port.Protocol == "tcp" ? 0 : 1).ThenBy(port => port.Port).ToList();
        foreach (var (index, (port, protocol)) in ports.Index())
        {
            var number = port.ToString(CultureInfo.InvariantCulture);
            var name = $"{prefix}_PORT_{number}_{protocol.ToUpperInvariant()}";
            if (index == 0)
            {
                variables.Add($"{prefix}_PORT={protocol}://{address}:{number}");
            }

            variables.AddRange([$"{name}={protocol}://{address}:{number}", $"{name}_ADDR={address}", $"{name}_PORT={number}", $"{name}_PROTO={protocol}"]);
        }

        variables.Add($"{prefix}_NAME=/{record.Name}/{link.Alias}");
        variables.AddRange((link.Target.Record.Config.Env ?? []).Where(variable => !variable.StartsWith("PATH=", StringComparison.Ordinal) && !variable.StartsWith("HOME=", StringComparison.Ordinal))
            .Select(variable => $"{prefix}_ENV_{variable}"));
        return variables;
    });

    private static string? AddressOf(Container target) => target.Network?.Endpoints.FirstOrDefault(endpoint => endpoint.NetworkName == "bridge")?.Address?.ToString();
}
