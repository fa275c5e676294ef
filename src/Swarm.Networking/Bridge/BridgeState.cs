using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Swarm.Linux;
using Swarm.Networking.Dns;
using Swarm.Networking.Ipam;
using Swarm.Networking.Netlink;
using Swarm.Networking.Networks;
using Swarm.Networking.Nftables;
using Swarm.Networking.Overlay;
using Swarm.Networking.Overlay.Sealing;
using Swarm.Networking.Ports;

namespace Swarm.Networking.Bridge;

/// <summary>
/// What the loop of <see cref="BridgeNetworks"/> owns, and each change of it. Only <see cref="Records"/> and <see cref="Sandboxes"/> are read from
/// elsewhere.
/// </summary>
internal sealed partial class BridgeState : IAsyncDisposable
{
    private readonly BridgeOptions options;
    private readonly NetworkNamespace host;
    private readonly TimeProvider time;
    private readonly Random random;
    private readonly ILogger logger;
    private readonly RouteSocket route;
    private readonly NftCoprocess nft;
    private readonly FlowSweeper flows;
    private readonly PortClaims claims;
    private readonly SandboxFiles files;
    private readonly NetworkFiles networkFiles;
    private readonly BridgeRules rules;
    private readonly NameServers nameServers;
    private readonly NameTable names = new();
    private readonly AddressMemory remembered = new();
    private readonly string namespaces;
    private readonly string firstStart;
    private readonly Dictionary<string, LiveNetwork> networks = [];
    private volatile ImmutableDictionary<string, NetworkRecord> records = ImmutableDictionary<string, NetworkRecord>.Empty;
    private volatile ImmutableDictionary<string, ContainerSandbox> sandboxes = ImmutableDictionary<string, ContainerSandbox>.Empty;

    public BridgeState(BridgeOptions options, NetworkNamespace host, TimeProvider time, Random random, ILoggerFactory logging)
    {
        (this.options, this.host, this.time, this.random) = (options, host, time, random);
        NetlinkClosing.Begin();
        logger = logging.CreateLogger<BridgeNetworks>();
        route = RouteSocket.In(host);
        nft = new NftCoprocess(host, time, logging.CreateLogger<NftCoprocess>());
        flows = new FlowSweeper(host, logging.CreateLogger<FlowSweeper>());
        claims = new PortClaims(host);
        files = new SandboxFiles(Path.Combine(options.RunFolder, "endpoints"));
        networkFiles = new NetworkFiles(options.StateFolder);
        rules = new BridgeRules(options.LinkName);
        tableFiles = new TableFiles(Path.Combine(options.RunFolder, "overlay"));
        sealedPath = new SealedPath(host, Path.Combine(options.RunFolder, "overlay"), time, logging.CreateLogger<SealedPath>()) { Broken = () => Look() };
        overlays = new OverlayLinks(route, sealedPath, Path.Combine(options.RunFolder, "overlay"));
        sweeper = new EndpointSweeper(logging.CreateLogger<EndpointSweeper>());
        ingress = new Ingress(host, route, claims, flows, overlays, options.LinkName, logging.CreateLogger<Ingress>());
        nameServers = new NameServers(new NameSources(names, overlayNames), host, time, new Random(random.Next()), logging.CreateLogger<NameServers>());
        namespaces = Path.Combine(options.RunFolder, "netns");
        firstStart = Path.Combine(options.RunFolder, "first-start");
    }

    public string DefaultId => BridgeEndpoint.MakeId(options.InstanceId, NetworkRecord.Bridge);

    /// <summary>By id.</summary>
    public ImmutableDictionary<string, NetworkRecord> Records => records;

    /// <summary>By container.</summary>
    public ImmutableDictionary<string, ContainerSandbox> Sandboxes => sandboxes;

    public string NamespacePath(string containerId) => containerId.Length > 0 && containerId.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-')
        ? Path.Combine(namespaces, containerId)
        : throw new ArgumentException($"container id \"{containerId}\": letters, digits, _ and - only, for it names a file");

    public async Task TeardownAsync()
    {
        await nft.DisposeAsync();
        await NftOneShot.ApplyAsync(host, rules.Nothing(), CancellationToken.None);
        foreach (var sandbox in sandboxes.Values)
        {
            Forget(sandbox);
        }

        await TeardownOverlaysAsync();
        foreach (var network in networks.Values.Where(network => network.Record is { LinkIsTheHosts: false, IsOverlay: false }))
        {
            route.TryDeleteLink(network.Record.IsMacvlan ? MacvlanParent.SettingsOf(network.Record).Parent : network.Link.Name);
        }

        File.Delete(firstStart);
        foreach (var folder in (ReadOnlySpan<string>)[files.Folder, namespaces, options.StateFolder])
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await nameServers.DisposeAsync();
        ruleSockets.Dispose();
        overlayWatch?.Dispose();
        await sweeper.DisposeAsync();
        await flows.DisposeAsync();
        await nft.DisposeAsync();
        claims.Dispose();
        overlays.Dispose();
        sealedPath.Dispose();
        route.Dispose();
    }

    private string NewId()
    {
        Span<byte> bytes = stackalloc byte[32];
        random.NextBytes(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    /// <summary>One small change; when it cannot be made (nft was killed, someone flushed the tables), the whole table is stated again.</summary>
    private async Task ChangeRulesAsync(string change)
    {
        if (change.Length == 0 || !options.ManagesFirewall)
        {
            return;
        }

        try
        {
            await nft.ApplyAsync(change, CancellationToken.None);
        }
        catch (Exception error) when (error is NftException or NftInterruptedException)
        {
            LogRebuilding(logger, error.Message);
            await RestateRulesAsync(CancellationToken.None);
        }
    }

    private async Task RestateRulesAsync(CancellationToken cancellation)
    {
        if (!options.ManagesFirewall)
        {
            return;
        }

        var whole = rules.Whole([.. networks.Values.Where(network => network.Record is { IsOverlay: false, IsMacvlan: false })], sandboxes.Values.SelectMany(Targets));
        await NftOneShot.ApplyAsync(host, whole + "\n", cancellation);
        statedRules = whole.Split("; add rule ").Length - 1;
    }

    /// <summary>Where the published ports of a container lead to now.</summary>
    private List<PortTarget> Targets(ContainerSandbox sandbox)
    {
        var target = TargetsOf(sandbox);
        return [.. sandbox.Ports
            .Select(port => (Port: port, Address: port.IsIPv6 ? target.Address6 : target.Address))
            .Where(pair => pair.Address is not null)
            .Select(pair => new PortTarget(pair.Port, pair.Address!))
            .Concat(Routed(sandbox))];
    }

    /// <summary>Ports that are reached at the container's own address.</summary>
    private IEnumerable<PortTarget> Routed(ContainerSandbox sandbox) =>
        from ipv6 in (bool[])[false, true]
        let wayOut = WayOut.Of(sandbox, networks, ipv6)
        where wayOut is not null && networks[wayOut.NetworkId] is { Record.IsMacvlan: false } network && network.Settings.Mode(ipv6) == GatewayMode.Routed
        let address = (ipv6 ? wayOut.Address6 : wayOut.Address)!
        from port in sandbox.Requested.Where(port => port.HostAddress is null || port.HostAddress.IsIPv6() == ipv6)
            .DistinctBy(port => (port.Protocol, port.ContainerPort))
        select new PortTarget(new PortMapping(port.Protocol, port.ContainerPort, null, 0), address, IsRouted: true);

    /// <summary>By the host's addresses.</summary>
    private PortTargets TargetsOf(ContainerSandbox sandbox) => new(Translated(sandbox, ipv6: false)?.Address, Translated(sandbox, ipv6: true)?.Address6);

    /// <summary>What was asked for that is not <see cref="Routed"/>: there an address of the host's means nothing, as with Docker.</summary>
    private List<PortMapping> Translated(ContainerSandbox sandbox) => [.. sandbox.Requested.Where(port =>
        port.HostAddress is null || Translated(sandbox, port.IsIPv6) is not null || WayOut.Of(sandbox, networks, port.IsIPv6) is null)];

    private BridgeEndpoint? Translated(ContainerSandbox sandbox, bool ipv6) =>
        WayOut.Of(sandbox, networks, ipv6) is { } wayOut && networks[wayOut.NetworkId] is { Record.IsMacvlan: false } network && network.Settings.Mode(ipv6) != GatewayMode.Routed ? wayOut : null;
}
