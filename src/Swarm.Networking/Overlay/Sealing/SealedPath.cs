using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Swarm.Linux;
using Swarm.Model;
using Swarm.Networking.Bridge;
using Swarm.Networking.Ipam;
using Swarm.Networking.Netlink;

namespace Swarm.Networking.Overlay.Sealing;

/// <summary>
/// What the VXLAN links of encrypted networks send and hear by in place of the host: a namespace with nothing but a tun link that every other node is behind. What
/// comes out of it is sealed and sent from the host, what the host hears is opened and put in. The host has no link of these networks, so nothing that comes to it
/// unsealed is anybody's. Owned by one loop; two threads carry the datagrams.
/// </summary>
internal sealed class SealedPath(NetworkNamespace host, string folder, TimeProvider time, ILogger logger) : IDisposable
{
    private const string LinkName = "sealed";
    private const int IPv4AndUdp = 28, IPv6AndUdp = 48;

    private readonly string path = Path.Combine(folder, "sealed");
    private NetworkNamespace? space;
    private RouteSocket? route;
    private Carrier? carrier;
    private SealedPathPlace? place;
    private ImmutableDictionary<int, SealedNetwork> networks = ImmutableDictionary<int, SealedNetwork>.Empty;

    /// <summary>Of the namespace that VXLAN links are to be made from.</summary>
    public RouteSocket Route => route ?? throw new InvalidOperationException("there is no encrypted network");

    /// <summary>Called from any thread when datagrams are not carried any more; it must not wait.</summary>
    public Action Broken { private get; set; } = () => { };

    /// <summary>It was begun and does not carry any more.</summary>
    public bool IsBroken => carrier is { HasEnded: true };

    /// <summary>The port of the host that sealed datagrams come to, UDP: the one after VXLAN's.</summary>
    public static int PortOf(NetworkTable table) => table.DataPathPort + 1;

    /// <summary>Bytes that a packet of VXLAN's may have.</summary>
    public static int MtuOf(int underlayMtu, bool ipv6) => underlayMtu - SealedFormat.Overhead - (ipv6 ? IPv6AndUdp : IPv4AndUdp);

    /// <summary>Begins, or begins anew if the node is at another address.</summary>
    /// <exception cref="NetworkFault">The node cannot: <see cref="NetworkFaultKind.Unsupported"/> if its kernel lacks something.</exception>
    public void Enter(SealedPathPlace wanted)
    {
        if (place == wanted && carrier is { HasEnded: false })
        {
            return;
        }

        if (!File.Exists(TunDevice.Path))
        {
            throw new NetworkFault(NetworkFaultKind.Unsupported, $"encrypted networks need {TunDevice.Path}, which this node does not have (modprobe tun)");
        }

        Stop();
        try
        {
            space ??= NetworkNamespace.IsNamespace(path) ? NetworkNamespace.Open(path) : NetworkNamespace.Create(path);
            route ??= RouteSocket.In(space);
            var device = space.Run(() => TunDevice.Open(LinkName));
            try
            {
                Prepare(wanted);
                carrier = new Carrier(device, Listen(wanted), wanted, time, logger, () => Broken());
                carrier.Follow(networks);
            }
            catch
            {
                device.Dispose();
                throw;
            }

            place = wanted;
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            var isTaken = error is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse };
            throw new NetworkFault(
                NetworkFaultKind.Refused, isTaken ? $"UDP port {wanted.SealedPort} of this host, by which encrypted networks go, is taken by a program" : $"the encrypted path cannot be made: {error.Message}", error);
        }
    }

    public void Put(SealedNetwork network) => Set(networks.SetItem(network.Vni, network));

    /// <summary>Ends with the last network.</summary>
    public void Remove(int vni)
    {
        Set(networks.Remove(vni));
        RemoveStray();
    }

    /// <summary>Leaves if there is no network, as after a crash there may be none any more.</summary>
    public void RemoveStray()
    {
        if (networks.IsEmpty)
        {
            Leave();
        }
    }

    /// <summary>Nothing is left, nor of an earlier daemon's.</summary>
    public void Leave()
    {
        networks = networks.Clear();
        Dispose();
        NetworkNamespace.Delete(path);
    }

    public void Dispose()
    {
        Stop();
        route?.Dispose();
        space?.Dispose();
        (route, space) = (null, null);
    }

    private void Set(ImmutableDictionary<int, SealedNetwork> now)
    {
        networks = now;
        carrier?.Follow(now);
    }

    private void Stop()
    {
        carrier?.Dispose();
        (carrier, place) = (null, null);
    }

    /// <summary>The tun link has this node's address and leads to all others.</summary>
    private void Prepare(SealedPathPlace wanted)
    {
        Route.SetMtu(LinkName, MtuOf(wanted.UnderlayMtu, wanted.Own.IsIPv6()));
        if (wanted.Own.IsIPv6())
        {
            space!.Run(() =>
            {
                Sysctl.Set($"net/ipv6/conf/{LinkName}/disable_ipv6", "0");
                Sysctl.Set($"net/ipv6/conf/{LinkName}/accept_ra", "0");
            });
        }

        Route.SetUp(LinkName);
        Route.AddAddress(LinkName, wanted.Own, IpAddresses.Bits(wanted.Own.AddressFamily));
        Route.AddRoute(new IPNetwork(wanted.Own.IsIPv6() ? IPAddress.IPv6Any : IPAddress.Any, 0), null, LinkName);
    }

    private Socket Listen(SealedPathPlace wanted) => host.Run(() =>
    {
        var socket = new Socket(wanted.Own.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        try
        {
            // As large as may be (socket(7), SO_RCVBUFFORCE, SO_SNDBUFFORCE): datagrams come in bursts.
            const int socketLevel = 1, receiveBuffer = 33, sendBuffer = 32, bufferBytes = 8 << 20;
            socket.SetRawSocketOption(socketLevel, receiveBuffer, BitConverter.GetBytes(bufferBytes));
            socket.SetRawSocketOption(socketLevel, sendBuffer, BitConverter.GetBytes(bufferBytes));
            socket.Bind(new IPEndPoint(wanted.IsOwnTheHosts ? wanted.Own : wanted.Own.IsIPv6() ? IPAddress.IPv6Any : IPAddress.Any, wanted.SealedPort));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    });
}

/// <summary>Where a node's sealed datagrams come and go.</summary>
/// <param name="Own">What other nodes send to.</param>
/// <param name="IsOwnTheHosts">Or it is the other side of a translation.</param>
/// <param name="Port">VXLAN's, UDP.</param>
internal sealed record SealedPathPlace(IPAddress Own, bool IsOwnTheHosts, int UnderlayMtu, int Port, int SealedPort);
