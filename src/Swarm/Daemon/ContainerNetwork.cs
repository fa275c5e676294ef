using System.Collections.Immutable;
using System.Net;
using Swarm.Engine;
using Swarm.Engine.Containers;
using Swarm.Networking;
using Swarm.Networking.Bridge;
using Swarm.Networking.Dns;
using Swarm.Networking.Networks;
using Swarm.Networking.Ports;
using EndpointRequest = Swarm.Engine.Containers.EndpointRequest;

namespace Swarm.Daemon;

/// <summary>Containers on the node's networks: the engine's seam on one side, the networking room on the other.</summary>
internal sealed class ContainerNetwork(BridgeNetworks networks) : IContainerNetwork
{
    public ImmutableArray<IPAddress> HostGateways => networks.Records.TryGetValue(networks.DefaultId, out var bridge)
        ? [.. bridge.Pools.Select(pool => pool.Gateway).OfType<IPAddress>()]
        : [IPAddress.Loopback];

    public async Task<NetworkSandbox> AttachAsync(NetworkRequest request, CancellationToken cancellation) => Sandbox(await NetworkFaults.CatchAsync(() => networks.AttachAsync(
        new SandboxRequest(request.ContainerId, request.Name, [.. Wanted(request).Select(Request)], Wanted(request).Any() ? Mappings(request.Ports) : [])
        {
            Resolver = new ResolverSettings(request.NameServers, request.HostNameServers),
            UserNamespace = request.UserNamespace,
        },
        cancellation)));

    /// <summary>Without a default network (--bridge=none) who asks for it gets a loopback link alone, as in Docker.</summary>
    private IEnumerable<EndpointRequest> Wanted(NetworkRequest request) =>
        networks.Records.ContainsKey(networks.DefaultId) ? request.Endpoints : request.Endpoints.Where(endpoint => endpoint.Network != NetworkRecord.Bridge);

    public Task DetachAsync(string containerId, CancellationToken cancellation) => networks.DetachAsync(containerId, cancellation);

    public async Task<NetworkSandbox> ConnectAsync(string containerId, EndpointRequest endpoint, CancellationToken cancellation) =>
        Sandbox(await NetworkFaults.CatchAsync(() => networks.ConnectAsync(containerId, Request(endpoint), cancellation)));

    public async Task<NetworkSandbox> DisconnectAsync(string containerId, string networkId, CancellationToken cancellation) =>
        Sandbox(await NetworkFaults.CatchAsync(() => networks.DisconnectAsync(containerId, networkId, cancellation)));

    public async Task<NetworkSandbox> RenameAsync(string containerId, string name, IReadOnlyDictionary<string, ImmutableArray<string>> names, CancellationToken cancellation) =>
        Sandbox(await NetworkFaults.CatchAsync(() => networks.RenameAsync(containerId, name, names, cancellation)));

    public NetworkIdentity? Find(string network)
    {
        try
        {
            var record = NetworkLookup.Get(networks.Records, network);
            return new NetworkIdentity(record.Id, record.Name, record.Driver, record.HasNames, [.. record.Pools.Where(pool => pool.IsAsked).Select(pool => pool.Subnet)]);
        }
        catch (NetworkFault)
        {
            return null;
        }
    }

    private static Networking.Bridge.EndpointRequest Request(EndpointRequest endpoint) => new(endpoint.Network)
    {
        Address = endpoint.Address,
        Address6 = endpoint.Address6,
        Mac = endpoint.MacAddress,
        LinkName = endpoint.LinkName,
        Names = endpoint.Names,
        Links = endpoint.Links.ToImmutableSortedDictionary(),
        GatewayPriority = endpoint.GatewayPriority,
    };

    private NetworkSandbox Sandbox(ContainerSandbox sandbox)
    {
        var records = networks.Records;
        return new NetworkSandbox(
            networks.NamespacePath(sandbox.ContainerId),
            [.. sandbox.Endpoints.Select(endpoint => new NetworkEndpoint(
                endpoint.NetworkId, records[endpoint.NetworkId].Name, endpoint.EndpointId, endpoint.Address, endpoint.PrefixLength, endpoint.Gateway, endpoint.MacText)
            {
                Address6 = endpoint.Address6,
                PrefixLength6 = endpoint.PrefixLength6,
                Gateway6 = endpoint.Gateway6,
                Names = endpoint.Names,
            })],
            [.. sandbox.Ports.Select(port => new PublishedPort(port.Protocol, port.ContainerPort, port.HostAddress, port.HostPort))])
        {
            HasNameServer = sandbox.Endpoints.Any(endpoint => records[endpoint.NetworkId].HasNames),
        };
    }

    private static ImmutableArray<PortMapping> Mappings(ImmutableArray<PublishedPort> ports) =>
        [.. ports.Select(port => new PortMapping(port.Protocol, port.ContainerPort, port.HostAddress, port.HostPort) { LastHostPort = port.LastHostPort })];
}
