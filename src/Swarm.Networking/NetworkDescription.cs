using System.Collections.Immutable;
using System.Net;

namespace Swarm.Networking;

/// <summary>A network as <c>docker network ls</c> and <c>inspect</c> show it (Engine API v1.51, Network).</summary>
/// <param name="Id">64 hexadecimal digits, the same on this node at every start.</param>
/// <param name="Created">When this node first had it since it was torn down.</param>
/// <param name="Subnet">Null: the network has no addresses of its own (none, host).</param>
/// <param name="Options">The driver's, by Docker's names (com.docker.network.bridge.name...).</param>
public sealed record NetworkDescription(
    string Name,
    string Id,
    string Driver,
    DateTimeOffset Created,
    IPNetwork? Subnet,
    IPAddress? Gateway,
    ImmutableSortedDictionary<string, string> Options,
    ImmutableArray<NetworkMember> Members)
{
    /// <summary>Every predefined network is of this node only.</summary>
    public string Scope => "local";
}

/// <summary>A container on a network.</summary>
/// <param name="MacAddress">Of the form 02:42:ac:11:00:02.</param>
public sealed record NetworkMember(string ContainerId, string EndpointId, IPAddress Address, int PrefixLength, string MacAddress);
