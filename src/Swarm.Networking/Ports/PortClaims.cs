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
    /// <summary>A random port must be free for both families; so many are tried.</summary>
    private const int RandomAttempts = 32;

    private readonly Dictionary<string, List<(PortMapping Port, Socket Socket)>> claims = [];

    /// <summary>Claims all or none.</summary>
    /// <param name="target">The container's addresses: a port that names no host address is published for the families that it has.</param>
    /// <param name="binding">Where such a port is published in IPv4; null: everywhere.</param>
    /// <returns>The ports with their host addresses and ports filled in.</returns>
    /// <exception cref="NetworkFault">A port is taken.</exception>
    public IReadOnlyList<PortMapping> Claim(string containerId, PortTargets target, IPAddress? binding, IReadOnlyList<PortMapping> requested)
    {
        var claimed = new List<(PortMapping Port, Socket Socket)>();
        try
        {
            foreach (var port in requested)
            {
                claimed.AddRange(ClaimOne(port, target, binding));
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

    /// <summary>One request, which is one port or, without an address, the same port of both families.</summary>
    private List<(PortMapping, Socket)> ClaimOne(PortMapping port, PortTargets target, IPAddress? binding)
    {
        var addresses = AddressesOf(port, target, binding);
        for (var attempt = 1; ; attempt++)
        {
            var candidate = port.LastHostPort > 0 ? port.HostPort + attempt - 1 : port.HostPort;
            var held = new List<(PortMapping Port, Socket Socket)>();
            try
            {
                foreach (var address in addresses)
                {
                    var number = held.Count > 0 ? held[0].Port.HostPort : candidate;
                    held.Add(Hold(port with { HostAddress = address, HostPort = number, LastHostPort = 0 }, target));
                }

                return held;
            }
            catch (NetworkFault fault)
            {
                held.ForEach(claim => claim.Socket.Dispose());
                var another = port.LastHostPort > 0 ? candidate < port.LastHostPort : port.HostPort == 0 && attempt < RandomAttempts;
                if (fault.Kind != NetworkFaultKind.Refused || !another)
                {
                    throw;
                }
            }
        }
    }

    private static List<IPAddress> AddressesOf(PortMapping port, PortTargets target, IPAddress? binding)
    {
        if (port.HostAddress is { } named)
        {
            return (port.IsIPv6 ? target.Address6 : target.Address) is not null
                ? [named]
                : throw new NetworkFault(
                    NetworkFaultKind.Unsupported,
                    $"publishing port {port.ContainerPort}/{port.Protocol} on {named}: the container has no {(port.IsIPv6 ? "IPv6" : "IPv4")} address to send it to, and translation between the two is not built");
        }

        var addresses = new List<IPAddress>();
        if (target.Address is not null && binding?.AddressFamily is null or AddressFamily.InterNetwork)
        {
            addresses.Add(binding ?? IPAddress.Any);
        }

        if (target.Address6 is not null && binding?.AddressFamily is null or AddressFamily.InterNetworkV6)
        {
            addresses.Add(binding ?? IPAddress.IPv6Any);
        }

        return addresses;
    }

    private (PortMapping Port, Socket Socket) Hold(PortMapping port, PortTargets target)
    {
        var hostAddress = port.HostAddress!;
        try
        {
            var socket = host.Run(() => PortSocket.Hold(port.Protocol, new IPEndPoint(hostAddress, port.HostPort)));
            return (port with { HostPort = ((IPEndPoint)socket.LocalEndPoint!).Port }, socket);
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.ProtocolNotSupported or SocketError.SocketNotSupported)
        {
            throw new NetworkFault(NetworkFaultKind.Unsupported, $"publishing a {port.Protocol} port: this host's kernel has no {port.Protocol}", error);
        }
        catch (SocketException error)
        {
            var ours = error.SocketErrorCode == SocketError.AddressAlreadyInUse && claims.Values.SelectMany(held => held).Any(claim => Collide(claim.Port, port));
            throw new NetworkFault(
                NetworkFaultKind.Refused,
                ours
                    ? $"Bind for {new IPEndPoint(hostAddress, port.HostPort)} failed: port is already allocated"
                    : $"failed to bind host port for {hostAddress}:{port.HostPort}:{(port.IsIPv6 ? target.Address6 : target.Address)}:{port.ContainerPort}/{port.Protocol}: {Reason(error)}",
                error);
        }
    }

    private static bool Collide(PortMapping one, PortMapping other) =>
        one.Protocol == other.Protocol && one.HostPort == other.HostPort && one.IsIPv6 == other.IsIPv6
        && (one.IsEverywhere || other.IsEverywhere || one.HostAddress!.Equals(other.HostAddress));

    private static string Reason(SocketException error) => error.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => "address already in use",
        SocketError.AddressNotAvailable => "cannot assign requested address",
        _ => error.Message,
    };
}

/// <summary>Where the ports of a container lead to, by family; null: it has no address of that family with a way out.</summary>
public readonly record struct PortTargets(IPAddress? Address, IPAddress? Address6);
