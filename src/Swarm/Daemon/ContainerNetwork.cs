using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Swarm.Engine;
using Swarm.Engine.Containers;
using Swarm.Model;
using Swarm.Networking;
using Swarm.Networking.Bridge;
using Swarm.Networking.Dns;
using Swarm.Networking.Networks;
using Swarm.Networking.Ports;
using Swarm.Rpc.Dispatch;
using EndpointRequest = Swarm.Engine.Containers.EndpointRequest;
using NetworkEndpoint = Swarm.Engine.Containers.NetworkEndpoint;

namespace Swarm.Daemon;

/// <summary>
/// Containers on the node's networks and the cluster's: the engine's seam on one side, the networking room on the other. A place on a network of the cluster is the
/// managers' to give: a task comes with its own, for any other container it is asked for here, and given back when the container stops.
/// </summary>
internal sealed class ContainerNetwork(BridgeNetworks networks, IClusterNetworks cluster, ContainerPlaces places) : IContainerNetwork
{
    public ImmutableArray<IPAddress> HostGateways => networks.Records.TryGetValue(networks.DefaultId, out var bridge)
        ? [.. bridge.Pools.Select(pool => pool.Gateway).OfType<IPAddress>()]
        : [IPAddress.Loopback];

    public async Task<NetworkSandbox> AttachAsync(NetworkRequest request, CancellationToken cancellation)
    {
        var wanted = new List<Networking.Bridge.EndpointRequest>();
        try
        {
            foreach (var endpoint in Wanted(request))
            {
                wanted.Add(await PlaceAsync(request.ContainerId, request.Name, endpoint, cancellation));
            }

            return Sandbox(await NetworkFaults.CatchAsync(() => networks.AttachAsync(
                new SandboxRequest(request.ContainerId, request.Name, [.. wanted], wanted.Count > 0 ? Mappings(request.Ports) : [])
                {
                    Resolver = new ResolverSettings(request.NameServers, request.HostNameServers),
                    UserNamespace = request.UserNamespace,
                },
                cancellation)));
        }
        catch
        {
            await GiveBackAsync(places.Of(request.ContainerId), CancellationToken.None);
            throw;
        }
    }

    /// <summary>Without a default network (--bridge=none) who asks for it gets a loopback link alone, as in Docker.</summary>
    private IEnumerable<EndpointRequest> Wanted(NetworkRequest request) =>
        networks.Records.ContainsKey(networks.DefaultId) ? request.Endpoints : request.Endpoints.Where(endpoint => endpoint.Network != NetworkRecord.Bridge);

    public async Task DetachAsync(string containerId, CancellationToken cancellation)
    {
        await networks.DetachAsync(containerId, cancellation);
        await GiveBackAsync(places.Of(containerId), cancellation);
    }

    public async Task<NetworkSandbox> ConnectAsync(string containerId, EndpointRequest endpoint, CancellationToken cancellation)
    {
        var name = networks.Sandboxes.TryGetValue(containerId, out var sandbox) ? sandbox.Name : containerId;
        var before = places.Of(containerId).ToList();
        try
        {
            var request = await PlaceAsync(containerId, name, endpoint, cancellation);
            return Sandbox(await NetworkFaults.CatchAsync(() => networks.ConnectAsync(containerId, request, cancellation)));
        }
        catch
        {
            await GiveBackAsync(places.Of(containerId).Except(before), CancellationToken.None);
            throw;
        }
    }

    public async Task<NetworkSandbox> DisconnectAsync(string containerId, string networkId, CancellationToken cancellation)
    {
        var sandbox = Sandbox(await NetworkFaults.CatchAsync(() => networks.DisconnectAsync(containerId, networkId, cancellation)));
        await GiveBackAsync(places.Of(containerId).Where(place => place.NetworkId == networkId), cancellation);
        return sandbox;
    }

    public async Task<NetworkSandbox> RenameAsync(string containerId, string name, IReadOnlyDictionary<string, ImmutableArray<string>> names, CancellationToken cancellation)
    {
        var sandbox = Sandbox(await NetworkFaults.CatchAsync(() => networks.RenameAsync(containerId, name, names, cancellation)));
        foreach (var place in places.Of(containerId).Where(place => names.ContainsKey(place.NetworkId)).ToList())
        {
            await NameAsync(place, names[place.NetworkId], cancellation);
        }

        return sandbox;
    }

    public NetworkIdentity? Find(string network)
    {
        try
        {
            var record = NetworkLookup.Get(networks.Records, network);
            return new NetworkIdentity(
                record.Id, record.Name, record.Driver, record.HasNames || record.IsOverlay, [.. record.Pools.Where(pool => pool.IsAsked).Select(pool => pool.Subnet)]);
        }
        catch (NetworkFault)
        {
            return null;
        }
    }

    public async Task<NetworkIdentity?> FindAsync(string network, CancellationToken cancellation) =>
        Find(network) ?? (await cluster.FindAsync(network, cancellation) is { } found
            ? new NetworkIdentity(
                found.Id, found.Annotations.Name, found.DriverName, HasNames: true,
                [.. found.KnownPools.Select(pool => pool.Subnet).Where(subnet => subnet.Length > 0).Select(IPNetwork.Parse)])
            : null);

    /// <summary>The request with the place that the container has, or is given, on a network of the cluster; any other request as it is.</summary>
    private async Task<Networking.Bridge.EndpointRequest> PlaceAsync(string containerId, string name, EndpointRequest endpoint, CancellationToken cancellation)
    {
        var known = Find(endpoint.Network);
        if (IsNodes(known) || IsTasks(known, name, endpoint))
        {
            return Request(endpoint);
        }

        if (known is not null && places.Of(containerId, known.Id) is { } had && networks.Tables[known.Id].Endpoints.ContainsKey(had.TaskId))
        {
            await NameAsync(had, endpoint.Names, cancellation); // the daemon may have ended amid a change of the container's name
            return Request(endpoint, had);
        }

        IPAddress?[] asked = [endpoint.Address, endpoint.Address6];
        var given = await cluster.AttachAsync(containerId, known?.Id ?? endpoint.Network, [.. asked.OfType<IPAddress>()], endpoint.Names, cancellation)
            ?? throw EngineException.NotFound($"network {endpoint.Network} not found");
        var place = new ContainerPlace
        {
            TaskId = given.TaskId,
            ContainerId = containerId,
            NetworkId = given.Network.Id,
            Addresses = given.Place.Addresses,
            Names = given.Place.Aliases,
        };
        places.Put(place);
        return Request(endpoint, place);
    }

    /// <summary>Not the cluster's.</summary>
    private bool IsNodes(NetworkIdentity? network) => network is not null && networks.Records.GetValueOrDefault(network.Id) is { IsOverlay: false, IsOfCluster: false };

    /// <summary>A task's container comes with the address that its task has in the tables, under the task's name.</summary>
    private bool IsTasks(NetworkIdentity? network, string name, EndpointRequest endpoint) =>
        network is not null && networks.Tables.TryGetValue(network.Id, out var table)
        && table.Endpoints.Values.Any(one => one.ServiceId.Length > 0 && one.Names.FirstOrDefault() == name
            && one.Addresses.Select(Address).All(address => address.Equals(endpoint.Address) || address.Equals(endpoint.Address6)));

    /// <summary>Kept first: what the managers do not hear of now, a later session tells them.</summary>
    private async Task NameAsync(ContainerPlace place, ImmutableArray<string> names, CancellationToken cancellation)
    {
        if (!place.Names.SequenceEqual(names))
        {
            var named = place with { Names = names };
            places.Put(named);
            await cluster.RenameAsync(named, cancellation);
        }
    }

    private async Task GiveBackAsync(IEnumerable<ContainerPlace> left, CancellationToken cancellation)
    {
        foreach (var place in left.ToList())
        {
            places.Remove(place);
            await cluster.DetachAsync(place.ContainerId, place.NetworkId, cancellation);
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

    private static Networking.Bridge.EndpointRequest Request(EndpointRequest endpoint, ContainerPlace place) => Request(endpoint) with
    {
        Network = place.NetworkId,
        Address = place.Addresses.IsEmpty ? endpoint.Address : place.Addresses.Select(Address).FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork),
        Address6 = place.Addresses.IsEmpty ? endpoint.Address6 : place.Addresses.Select(Address).FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetworkV6),
    };

    private static IPAddress Address(string cidr) => IPAddress.Parse(cidr.Split('/')[0]);

    private NetworkSandbox Sandbox(ContainerSandbox sandbox)
    {
        var records = networks.Records;
        return new NetworkSandbox(
            networks.NamespacePath(sandbox.ContainerId),
            [.. sandbox.Endpoints.Where(endpoint => !IsWayOut(sandbox, endpoint)).Select(endpoint => new NetworkEndpoint(
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

    /// <summary>As in Docker, nobody sees the bridge by which a container on networks of the cluster gets out among its networks.</summary>
    private bool IsWayOut(ContainerSandbox sandbox, BridgeEndpoint endpoint) =>
        networks.Records[endpoint.NetworkId].Name == NetworkRecord.Gateway && sandbox.Endpoints.Any(other => networks.Records[other.NetworkId].IsOverlay);

    private static ImmutableArray<PortMapping> Mappings(ImmutableArray<PublishedPort> ports) =>
        [.. ports.Select(port => new PortMapping(port.Protocol, port.ContainerPort, port.HostAddress, port.HostPort) { LastHostPort = port.LastHostPort })];
}
