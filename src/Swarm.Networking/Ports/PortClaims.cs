using System.Net;
using System.Net.Sockets;
using Swarm.Linux;

namespace Swarm.Networking.Ports;

/// <summary>
/// The host ports that this node publishes, each held by a bound socket: no other process of the host can listen there and be cut off by our
/// rules, and one that listens already is noticed. The sockets carry nothing (see <see cref="PortSocket"/>). Owned by one loop.
/// </summary>
public sealed class PortClaims(NetworkNamespace host) : IDisposable
{
    private readonly Dictionary<string, List<(PortMapping Port, Socket Socket)>> claims = [];

    /// <summary>Claims all or none.</summary>
    /// <param name="address">The container's, for the error's text.</param>
    /// <returns>The ports with their host addresses and ports filled in.</returns>
    /// <exception cref="NetworkFault">A port is taken.</exception>
    public IReadOnlyList<PortMapping> Claim(string containerId, IPAddress address, IReadOnlyList<PortMapping> requested)
    {
        var claimed = new List<(PortMapping Port, Socket Socket)>();
        try
        {
            foreach (var port in requested)
            {
                claimed.Add(Claim(port, address));
            }
        }
        catch
        {
            claimed.ForEach(claim => claim.Socket.Dispose());
            throw;
        }

        Release(containerId);
        if (claimed.Count > 0)
        {
            claims[containerId] = claimed;
        }

        return [.. claimed.Select(claim => claim.Port)];
    }

    /// <summary>Safe to repeat.</summary>
    public void Release(string containerId)
    {
        if (claims.Remove(containerId, out var held))
        {
            held.ForEach(claim => claim.Socket.Dispose());
        }
    }

    public void Dispose()
    {
        foreach (var containerId in claims.Keys.ToArray())
        {
            Release(containerId);
        }
    }

    private (PortMapping Port, Socket Socket) Claim(PortMapping port, IPAddress address)
    {
        var hostAddress = port.HostAddress ?? IPAddress.Any;
        if (hostAddress.AddressFamily != AddressFamily.InterNetwork)
        {
            throw new NetworkFault(NetworkFaultKind.Unsupported, $"publishing on {hostAddress}: ports are published on IPv4 addresses only; name one or leave it out");
        }

        try
        {
            var socket = host.Run(() => PortSocket.Hold(port.Protocol, new IPEndPoint(hostAddress, port.HostPort)));
            return (port with { HostAddress = hostAddress, HostPort = ((IPEndPoint)socket.LocalEndPoint!).Port }, socket);
        }
        catch (SocketException error)
        {
            var ours = error.SocketErrorCode == SocketError.AddressAlreadyInUse && claims.Values.SelectMany(held => held).Any(claim => Collide(claim.Port, port));
            throw new NetworkFault(
                NetworkFaultKind.Refused,
                ours
                    ? $"Bind for {hostAddress}:{port.HostPort} failed: port is already allocated"
                    : $"failed to bind host port for {hostAddress}:{port.HostPort}:{address}:{port.ContainerPort}/{port.Protocol}: {Reason(error)}",
                error);
        }
    }

    private static bool Collide(PortMapping one, PortMapping other) =>
        one.Protocol == other.Protocol && one.HostPort == other.HostPort
        && (one.IsEverywhere || other.IsEverywhere || one.HostAddress!.Equals(other.HostAddress));

    private static string Reason(SocketException error) => error.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => "address already in use",
        SocketError.AddressNotAvailable => "cannot assign requested address",
        _ => error.Message,
    };
}
