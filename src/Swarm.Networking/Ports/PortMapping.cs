using System.Net;

namespace Swarm.Networking.Ports;

/// <summary>A container's port on the host.</summary>
/// <param name="Protocol">tcp or udp.</param>
/// <param name="HostAddress">Null or 0.0.0.0: every address of the host.</param>
/// <param name="HostPort">0 in a request: any free one.</param>
public sealed record PortMapping(string Protocol, int ContainerPort, IPAddress? HostAddress, int HostPort)
{
    /// <summary>Whether it answers on every address of the host.</summary>
    public bool IsEverywhere => HostAddress is null || HostAddress.Equals(IPAddress.Any);
}
