using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine.Containers;

/// <summary>
/// Which networks a container is on and how, as its record keeps it: NetworkingConfig has an entry for each, by the network's name. The rules are
/// Docker's, with its words.
/// </summary>
internal static class ContainerNetworks
{
    private const string LinkNameOption = "com.docker.network.endpoint.ifname";
    private static readonly string[] Predefined = ["bridge", "host", "none", "default"];

    /// <summary>The entries of a new container. A network that is not there (yet) is kept as it was named, and missed at the start.</summary>
    /// <exception cref="EngineException">400: a setting makes no sense.</exception>
    public static NetworkingConfig Of(ContainerCreateRequest request, HostConfig host, IContainerNetwork network)
    {
        var networks = new Dictionary<string, EndpointSettings?>();
        if (SharedNamespaces.ContainerOf(host.NetworkMode) is not null)
        {
            return new NetworkingConfig { EndpointsConfig = networks };
        }

        foreach (var (name, settings) in request.NetworkingConfig?.EndpointsConfig ?? [])
        {
            var found = network.Find(Mode(name));
            Check(name, found, settings ?? new EndpointSettings());
            networks[found?.Name ?? name] = Kept(settings ?? new EndpointSettings(), found?.Id ?? "");
        }

        var mode = Mode(host.NetworkMode);
        var own = network.Find(mode);
        var key = own?.Name ?? mode;
        var entry = networks.GetValueOrDefault(key) ?? Kept(new EndpointSettings(), own?.Id ?? "");
        if (!string.IsNullOrEmpty(request.MacAddress) && string.IsNullOrEmpty(entry.MacAddress))
        {
            entry = entry with { MacAddress = CheckedMac(request.MacAddress) };
        }

        // The container's own network comes first: it gets the first link.
        networks.Remove(key);
        networks = new Dictionary<string, EndpointSettings?>(networks.Prepend(KeyValuePair.Create<string, EndpointSettings?>(key, entry)));
        if (networks.Count > 1 && networks.Keys.FirstOrDefault(name => name is "host" or "none") is { } alone)
        {
            throw EngineException.BadRequest(alone == "host"
                ? "container sharing network namespace with another container or host cannot be connected to any other network"
                : "container cannot be connected to multiple networks with one of the networks in private (none) mode");
        }

        return new NetworkingConfig { EndpointsConfig = networks };
    }

    /// <summary>A record of before there were entries has that of its mode.</summary>
    public static IReadOnlyDictionary<string, EndpointSettings?> Of(ContainerRecord record) =>
        record.NetworkingConfig?.EndpointsConfig ?? (SharedNamespaces.ContainerOf(record.HostConfig.NetworkMode) is not null
            ? []
            : new Dictionary<string, EndpointSettings?> { [Mode(record.HostConfig.NetworkMode)] = new EndpointSettings() });

    /// <summary>What a client says of an endpoint, without what is only ever shown.</summary>
    public static EndpointSettings Kept(EndpointSettings settings, string networkId) => new()
    {
        IPAMConfig = settings.IPAMConfig,
        Links = settings.Links,
        Aliases = settings.Aliases,
        MacAddress = settings.MacAddress,
        DriverOpts = settings.DriverOpts,
        GwPriority = settings.GwPriority,
        NetworkID = networkId,
    };

    /// <exception cref="EngineException">400: everything that is wrong with the settings.</exception>
    public static void Check(string name, NetworkIdentity? network, EndpointSettings settings)
    {
        List<string> errors = [];
        var (ipv4, ipv6) = (settings.IPAMConfig?.IPv4Address ?? "", settings.IPAMConfig?.IPv6Address ?? "");
        if (!(network?.HasNames ?? !Predefined.Contains(name)))
        {
            AddIf(errors, ipv4.Length > 0 || ipv6.Length > 0, "user specified IP address is supported on user defined networks only");
            AddIf(errors, settings.Aliases is { Count: > 0 }, "network-scoped alias is supported only for containers in user defined networks");
        }

        CheckAddress(errors, ipv4, AddressFamily.InterNetwork, "IPv4", network);
        CheckAddress(errors, ipv6, AddressFamily.InterNetworkV6, "IPv6", network);
        foreach (var local in settings.IPAMConfig?.LinkLocalIPs ?? [])
        {
            AddIf(errors, !IPAddress.TryParse(local, out _), $"invalid link-local IP address: {local}");
        }

        if (errors.Count > 0)
        {
            var text = errors.Count == 1 ? errors[0] : string.Join('\n', errors.Select(error => "* " + error));
            throw EngineException.BadRequest($"invalid config for network {network?.Name ?? name}: invalid endpoint settings:\n{text}");
        }

        if (!string.IsNullOrEmpty(settings.MacAddress))
        {
            CheckedMac(settings.MacAddress);
        }
    }

    /// <summary>What a container asks of the networks when it starts.</summary>
    public static ImmutableArray<EndpointRequest> Requests(ContainerRecord record, Func<string, Container> find) =>
        record.Config.NetworkDisabled == true
            ? []
            : [.. Of(record).Where(pair => pair.Key is not ("none" or "host")).Select(pair => Request(record, pair.Key, pair.Value ?? new EndpointSettings(), find))];

    public static EndpointRequest Request(ContainerRecord record, string network, EndpointSettings settings, Func<string, Container> find) => new(
        network is "default" ? "bridge" : network,
        Address(settings.IPAMConfig?.IPv4Address),
        Address(settings.IPAMConfig?.IPv6Address),
        settings.MacAddress ?? "",
        Names(record, settings),
        Predefined.Contains(network)
            ? ImmutableDictionary<string, string>.Empty
            : ContainerLinks.Read(settings.Links).ToImmutableDictionary(link => link.Alias.ToLowerInvariant(), link => TargetOf(link.Target, find)),
        settings.GwPriority ?? 0,
        settings.DriverOpts?.GetValueOrDefault(LinkNameOption) ?? "");

    /// <summary>A link on a network is another name: the container may be made later, and is then found by the name of the link.</summary>
    private static string TargetOf(string name, Func<string, Container> find)
    {
        try
        {
            return find(name).Record.ShortId();
        }
        catch (EngineException e) when (e.Status == 404)
        {
            return name;
        }
    }

    /// <summary>The first is what an address is called.</summary>
    public static ImmutableArray<string> Names(ContainerRecord record, EndpointSettings settings) =>
        [.. new[] { record.Name }.Concat(settings.Aliases ?? []).Append(record.ShortId()).Append(record.Config.Hostname ?? "").Where(name => name.Length > 0).Distinct()];

    public static string Mode(string? mode) => mode is null or "" or "default" ? "bridge" : mode;

    private static void CheckAddress(List<string> errors, string text, AddressFamily family, string familyName, NetworkIdentity? network)
    {
        if (text.Length == 0)
        {
            return;
        }

        if (!IPAddress.TryParse(text, out var address) || address.AddressFamily != family || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
        {
            errors.Add($"invalid {familyName} address: {text}");
            return;
        }

        if (network is not { HasNames: true })
        {
            return;
        }

        var subnets = network.Subnets.Where(subnet => subnet.BaseAddress.AddressFamily == family).ToList();
        AddIf(errors, subnets.Count == 0, "user specified IP address is supported only when connecting to networks with user configured subnets");
        AddIf(errors, subnets.Count > 0 && !subnets.Exists(subnet => subnet.Contains(address)), $"no configured subnet or ip-range contain the IP address {text}");
    }

    private static string CheckedMac(string text) =>
        PhysicalAddress.TryParse(text.Replace(':', '-').ToUpperInvariant(), out var mac) && mac.GetAddressBytes().Length == 6
            ? string.Join(':', mac.GetAddressBytes().Select(part => part.ToString("x2", System.Globalization.CultureInfo.InvariantCulture)))
            : throw EngineException.BadRequest($"invalid MAC address {text}");

    private static IPAddress? Address(string? text) => string.IsNullOrEmpty(text) ? null : IPAddress.Parse(text);

    private static void AddIf(List<string> errors, bool wrong, string error)
    {
        if (wrong)
        {
            errors.Add(error);
        }
    }
}
