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
    /// Makes (or finds) the container's network namespace with all its interfaces, addresses and published ports. Safe to repeat.
    /// </summary>
    Task<NetworkSandbox> AttachAsync(NetworkRequest request, CancellationToken cancellation);

    /// <summary>Takes down everything that <see cref="AttachAsync"/> made. Safe to repeat, also after a restart of the daemon.</summary>
    Task DetachAsync(string containerId, CancellationToken cancellation);
}

/// <param name="Mode">bridge (default), none, or the name or id of a user network; host and container:ID never get here.</param>
public sealed record NetworkRequest(string ContainerId, string Hostname, string Mode, ImmutableArray<PublishedPort> Ports);

/// <param name="HostPort">0: any free one.</param>
public sealed record PublishedPort(string Protocol, int ContainerPort, IPAddress? HostAddress, int HostPort);

/// <param name="NamespacePath">A file that setns(2) accepts, for the runtime's configuration.</param>
public sealed record NetworkSandbox(string NamespacePath, ImmutableArray<NetworkEndpoint> Endpoints, ImmutableArray<PublishedPort> Ports);

public sealed record NetworkEndpoint(string NetworkId, string NetworkName, string EndpointId, IPAddress? Address, int PrefixLength, IPAddress? Gateway, string MacAddress);
