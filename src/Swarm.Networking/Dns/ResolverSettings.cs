using System.Collections.Immutable;
using System.Net;

namespace Swarm.Networking.Dns;

/// <summary>Where a container's name server asks for what it does not know.</summary>
/// <param name="Servers">Asked from within the container, in this order, on port 53.</param>
/// <param name="HostServers">Asked from the host's own namespace: those that the host reaches by its loopback.</param>
public sealed record ResolverSettings(ImmutableArray<IPAddress> Servers, ImmutableArray<IPAddress> HostServers)
{
    public static ResolverSettings None { get; } = new([], []);
}
