using System.Collections.Immutable;
using System.Net;

namespace Swarm.Engine.Containers;

/// <summary>
/// The seam between a container and the networking rooms: who makes its network namespace and what is in it. The adapter is in the
/// executable, so that the engine and the networking rooms do not know each other.
/// </summary>
public interface IContainerNetwork
{
    /// <summary>
    /// Makes (or finds) the container's network namespace with all its interfaces, addresses and published ports. Safe to repeat: one that is
    /// there is made what is asked for now.
    /// </summary>
    Task<NetworkSandbox> AttachAsync(NetworkRequest request, CancellationToken cancellation);

    /// <summary>Takes down everything that <see cref="AttachAsync"/> made. Safe to repeat, also after a restart of the daemon.</summary>
    Task DetachAsync(string containerId, CancellationToken cancellation);

    /// <summary>Gives a container's namespace one more network.</summary>
    Task<NetworkSandbox> ConnectAsync(string containerId, EndpointRequest endpoint, CancellationToken cancellation);

    /// <summary>Takes a network from a container's namespace. Safe to repeat.</summary>
    Task<NetworkSandbox> DisconnectAsync(string containerId, string networkId, CancellationToken cancellation);

    /// <summary>A container that has a namespace is called something else from now on, and so by network id.</summary>
    Task<NetworkSandbox> RenameAsync(string containerId, string name, IReadOnlyDictionary<string, ImmutableArray<string>> names, CancellationToken cancellation);

    /// <param name="network">Name, id, or a beginning of the id that fits only one.</param>
    /// <returns>Null: there is none, or several fit.</returns>
    NetworkIdentity? Find(string network);

    /// <summary>As <see cref="Find"/>, and also a network that this node would only have with a container on it.</summary>
    /// <exception cref="EngineException">Who knows it does not answer.</exception>
    Task<NetworkIdentity?> FindAsync(string network, CancellationToken cancellation) => Task.FromResult(Find(network));

    /// <summary>What `host-gateway` stands for: the host's own addresses on the default network.</summary>
    ImmutableArray<IPAddress> HostGateways { get; }
}

/// <summary>What the engine needs to know of a network.</summary>
/// <param name="Driver">bridge, host, null...</param>
/// <param name="HasNames">A user's network: its containers find each other by name, and may have addresses and aliases of their own choice.</param>
/// <param name="Subnets">Those that a user named, of which an address may be asked for.</param>
public sealed record NetworkIdentity(string Id, string Name, string Driver, bool HasNames, ImmutableArray<IPNetwork> Subnets);

/// <param name="Name">The container's.</param>
/// <param name="Endpoints">Empty: nothing but a loopback link. Containers with host and container:ID never get here.</param>
public sealed record NetworkRequest(string ContainerId, string Name, ImmutableArray<EndpointRequest> Endpoints, ImmutableArray<PublishedPort> Ports)
{
    /// <summary>Name servers behind the container's own, asked from within its namespace.</summary>
    public ImmutableArray<IPAddress> NameServers { get; init; } = [];

    /// <summary>Those that only the host reaches.</summary>
    public ImmutableArray<IPAddress> HostNameServers { get; init; } = [];

    /// <summary>File of the user namespace that the network is to belong to; empty: the daemon's.</summary>
    public string UserNamespace { get; init; } = "";
}

/// <param name="Network">Name or id.</param>
/// <param name="Names">What its neighbours find it by.</param>
/// <param name="Links">Alias to container: names that only it knows.</param>
/// <param name="LinkName">Inside; empty: the next free one.</param>
public sealed record EndpointRequest(
    string Network, IPAddress? Address, IPAddress? Address6, string MacAddress, ImmutableArray<string> Names, ImmutableDictionary<string, string> Links, int GatewayPriority, string LinkName);

/// <param name="HostPort">0: any free one.</param>
public sealed record PublishedPort(string Protocol, int ContainerPort, IPAddress? HostAddress, int HostPort)
{
    /// <summary>In a request: the last port of a range of which the first free one is taken; 0: no range.</summary>
    public int LastHostPort { get; init; }
}

/// <param name="NamespacePath">A file that setns(2) accepts, for the runtime's configuration.</param>
public sealed record NetworkSandbox(string NamespacePath, ImmutableArray<NetworkEndpoint> Endpoints, ImmutableArray<PublishedPort> Ports)
{
    /// <summary>A name server at 127.0.0.11 answers in it.</summary>
    public bool HasNameServer { get; init; }
}

/// <param name="Gateway">Null: the network is no way out.</param>
public sealed record NetworkEndpoint(string NetworkId, string NetworkName, string EndpointId, IPAddress? Address, int PrefixLength, IPAddress? Gateway, string MacAddress)
{
    public IPAddress? Address6 { get; init; }
    public int PrefixLength6 { get; init; }
    public IPAddress? Gateway6 { get; init; }
    public ImmutableArray<string> Names { get; init; } = [];
}
