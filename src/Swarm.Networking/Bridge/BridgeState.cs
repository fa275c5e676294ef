using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Swarm.Linux;
using Swarm.Networking.Ipam;
using Swarm.Networking.Netlink;
using Swarm.Networking.Nftables;
using Swarm.Networking.Ports;

namespace Swarm.Networking.Bridge;

/// <summary>What the loop of <see cref="BridgeNetwork"/> owns, and each change of it. Only <see cref="Endpoints"/> is read from elsewhere.</summary>
internal sealed partial class BridgeState(BridgeOptions options, NetworkNamespace host, TimeProvider time, Random random, ILoggerFactory logging) : IAsyncDisposable
{
    private readonly ILogger logger = logging.CreateLogger<BridgeNetwork>();
    private readonly RouteSocket route = RouteSocket.In(host);
    private readonly NftCoprocess nft = new(host, time, logging.CreateLogger<NftCoprocess>());
    private readonly FlowSweeper flows = new(host, logging.CreateLogger<FlowSweeper>());
    private readonly PortClaims claims = new(host);
    private readonly EndpointFiles files = new(Path.Combine(options.RunFolder, "endpoints"));
    private readonly string namespaces = Path.Combine(options.RunFolder, "netns");
    private volatile ImmutableDictionary<string, BridgeEndpoint> endpoints = ImmutableDictionary<string, BridgeEndpoint>.Empty;
    private BridgeLink bridge = null!;
    private AddressPool pool = null!;
    private BridgeRules rules = null!;

    public string Id { get; } = BridgeEndpoint.MakeId(options.InstanceId, "bridge");

    public BridgeOptions Options => options;

    public DateTimeOffset Created => Directory.GetCreationTimeUtc(files.Folder);

    public BridgeLink Bridge => bridge;

    public ImmutableDictionary<string, BridgeEndpoint> Endpoints => endpoints;

    public string NamespacePath(string containerId) => containerId.Length > 0 && containerId.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-')
        ? Path.Combine(namespaces, containerId)
        : throw new ArgumentException($"container id \"{containerId}\": letters, digits, _ and - only, for it names a file");

    public async Task<BridgeEndpoint> AttachAsync(string containerId, string name, ImmutableArray<PortMapping> ports)
    {
        if (!options.HasBridge)
        {
            return await AttachNoneAsync(containerId);
        }

        if (await FindAsync(containerId, present => present.Address is not null && present.Requested.SequenceEqual(ports)) is { } found)
        {
            return found;
        }

        var address = pool.Allocate() ?? throw new NetworkFault(
            NetworkFaultKind.Refused, $"no available IPv4 addresses on this network's address pools: bridge ({Id})");
        var endpoint = new BridgeEndpoint(containerId, NewEndpointId(), address, bridge.Gateway.PrefixLength, bridge.Gateway.Address, ports, []);
        try
        {
            endpoint = endpoint with { Ports = Claim(endpoint, name) };
            Sandbox.MakeOnBridge(NamespacePath(containerId), route, bridge, endpoint);
            Keep(endpoint);
            await ChangeRulesAsync(rules.Publish(endpoint));
            flows.Came(endpoint);
            return endpoint;
        }
        catch
        {
            await RemoveAsync(endpoint);
            throw;
        }
    }

    public async Task<BridgeEndpoint> AttachNoneAsync(string containerId)
    {
        if (await FindAsync(containerId, present => present.Address is null) is { } found)
        {
            return found;
        }

        var endpoint = new BridgeEndpoint(containerId, NewEndpointId(), null, 0, null, [], []);
        try
        {
            Sandbox.MakeLoopbackOnly(NamespacePath(containerId));
            Keep(endpoint);
            return endpoint;
        }
        catch
        {
            await RemoveAsync(endpoint);
            throw;
        }
    }

    public async Task DetachAsync(string containerId)
    {
        if (endpoints.TryGetValue(containerId, out var endpoint))
        {
            await RemoveAsync(endpoint);
        }
    }

    public async Task RetainAsync(IReadOnlySet<string> running)
    {
        foreach (var endpoint in endpoints.Values.Where(endpoint => !running.Contains(endpoint.ContainerId)))
        {
            LogDropped(logger, endpoint.ContainerId, "its container does not run");
            await RemoveAsync(endpoint);
        }
    }

    public async Task TeardownAsync()
    {
        await nft.DisposeAsync();
        await (options.HasBridge ? NftOneShot.ApplyAsync(host, rules.Nothing(), CancellationToken.None) : Task.CompletedTask);
        foreach (var endpoint in endpoints.Values)
        {
            Forget(endpoint);
        }

        if (options.HasBridge)
        {
            route.TryDeleteLink(options.LinkName);
        }

        Directory.Delete(files.Folder, recursive: true);
        Directory.Delete(namespaces, recursive: true);
    }

    public async ValueTask DisposeAsync()
    {
        await flows.DisposeAsync();
        await nft.DisposeAsync();
        claims.Dispose();
        route.Dispose();
    }

    /// <summary>The endpoint if it is as asked and still stands; one that is not is removed first.</summary>
    private async Task<BridgeEndpoint?> FindAsync(string containerId, Predicate<BridgeEndpoint> asAsked)
    {
        if (!endpoints.TryGetValue(containerId, out var present))
        {
            return null;
        }

        if (asAsked(present) && Stands(present))
        {
            return present;
        }

        await RemoveAsync(present);
        return null;
    }

    private string NewEndpointId()
    {
        Span<byte> bytes = stackalloc byte[32];
        random.NextBytes(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    private bool Stands(BridgeEndpoint endpoint) =>
        NetworkNamespace.IsNamespace(NamespacePath(endpoint.ContainerId))
        && (endpoint.Address is null || route.FindLink(endpoint.HostLink)?.MasterIndex == bridge.Index);

    private ImmutableArray<PortMapping> Claim(BridgeEndpoint endpoint, string name)
    {
        try
        {
            return [.. claims.Claim(endpoint.ContainerId, endpoint.Address!, endpoint.Requested)];
        }
        catch (NetworkFault fault) when (fault.Kind == NetworkFaultKind.Refused)
        {
            throw new NetworkFault(
                fault.Kind, $"driver failed programming external connectivity on endpoint {name} ({endpoint.EndpointId}): {fault.Message}", fault);
        }
    }

    /// <summary>Only once the namespace is whole: one without a file is a stray that the next start removes.</summary>
    private void Keep(BridgeEndpoint endpoint)
    {
        files.Save(endpoint);
        endpoints = endpoints.SetItem(endpoint.ContainerId, endpoint);
    }

    /// <summary>Ports first, so that nothing new is sent where the container was; the address last, so that nobody gets it too early.</summary>
    private async Task RemoveAsync(BridgeEndpoint endpoint)
    {
        endpoints = endpoints.Remove(endpoint.ContainerId);
        try
        {
            await ChangeRulesAsync(rules.Withdraw(endpoint));
            flows.Left(endpoint);
        }
        finally
        {
            Forget(endpoint);
        }
    }

    private void Forget(BridgeEndpoint endpoint)
    {
        NetworkNamespace.Delete(NamespacePath(endpoint.ContainerId));
        claims.Release(endpoint.ContainerId);
        files.Delete(endpoint.ContainerId);
        endpoints = endpoints.Remove(endpoint.ContainerId);
        if (endpoint.Address is { } address)
        {
            pool.Release(address);
        }
    }

    /// <summary>One small change; when it cannot be made (nft was killed, someone flushed the tables), the whole table is stated again.</summary>
    private async Task ChangeRulesAsync(string change)
    {
        if (change.Length == 0)
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

    private Task RestateRulesAsync(CancellationToken cancellation) => NftOneShot.ApplyAsync(host, rules.Whole(endpoints.Values) + "\n", cancellation);
}
