using System.Collections.Immutable;
using System.Net;
using Swarm.Networking.Dns;
using Swarm.Networking.Ports;

namespace Swarm.Networking.Bridge;

/// <summary>A container's network namespace: its places on networks, and its ports. Without an endpoint it has nothing but a loopback link.</summary>
/// <param name="Name">What the container is called, in errors and by its neighbours.</param>
/// <param name="Endpoints">In the order in which they were connected.</param>
/// <param name="Requested">The ports as they were asked for, so that a repeated request is recognised.</param>
/// <param name="Ports">The ports as they are published.</param>
public sealed record ContainerSandbox(
    string ContainerId, string Name, ImmutableArray<BridgeEndpoint> Endpoints, ImmutableArray<PortMapping> Requested, ImmutableArray<PortMapping> Ports)
{
    public ResolverSettings Resolver { get; init; } = ResolverSettings.None;

    public BridgeEndpoint? On(string networkId) => Endpoints.FirstOrDefault(endpoint => endpoint.NetworkId == networkId);
}

/// <summary>What a container asks for when it starts.</summary>
public sealed record SandboxRequest(string ContainerId, string Name, ImmutableArray<EndpointRequest> Endpoints, ImmutableArray<PortMapping> Ports)
{
    public ResolverSettings Resolver { get; init; } = ResolverSettings.None;

    /// <summary>File of the user namespace that the container's network belongs to; empty: the daemon's.</summary>
    public string UserNamespace { get; init; } = "";
}

/// <summary>A place on a network as it is asked for.</summary>
/// <param name="Network">Name, id, or a beginning of the id that fits only one.</param>
public sealed record EndpointRequest(string Network)
{
    /// <summary>Null: any.</summary>
    public IPAddress? Address { get; init; }
    public IPAddress? Address6 { get; init; }

    /// <summary>Of the form 02:42:ac:11:00:02; empty: any.</summary>
    public string Mac { get; init; } = "";

    /// <summary>Empty: the next free one.</summary>
    public string LinkName { get; init; } = "";

    /// <inheritdoc cref="BridgeEndpoint.Names"/>
    public ImmutableArray<string> Names { get; init; } = [];

    /// <inheritdoc cref="BridgeEndpoint.Links"/>
    public ImmutableSortedDictionary<string, string> Links { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <inheritdoc cref="BridgeEndpoint.GatewayPriority"/>
    public int GatewayPriority { get; init; }
}
