using System.Net;
using System.Net.Sockets;

namespace Swarm.Networking.Ports;

/// <summary>A container's port on the host.</summary>
/// <param name="Protocol">tcp, udp or sctp.</param>
/// <param name="HostAddress">0.0.0.0 and ::: every address of the host of that family. Null in a request: of both.</param>
/// <param name="HostPort">0 in a request: any free one.</param>
public sealed record PortMapping(string Protocol, int ContainerPort, IPAddress? HostAddress, int HostPort)
{
    /// <summary>In a request: the last port of a range of which the first free one is taken; 0: no range.</summary>
    public int LastHostPort { get; init; }

    /// <summary>Whether it answers on every address of the host.</summary>
    internal bool IsEverywhere => HostAddress is null || HostAddress.Equals(IPAddress.Any) || HostAddress.Equals(IPAddress.IPv6Any);

    internal bool IsIPv6 => HostAddress?.AddressFamily == AddressFamily.InterNetworkV6;
}

/// <summary>Where the traffic of a published port goes.</summary>
/// <param name="IsRouted">It comes to the container's own address, untranslated.</param>
internal readonly record struct PortTarget(PortMapping Port, IPAddress Address, bool IsRouted = false);
