using System.Net;
using System.Net.Sockets;
using Swarm.Linux;
using Swarm.Networking.Ipam;
using Swarm.Networking.Netlink;

namespace Swarm.Networking.Bridge;

/// <summary>The bridge itself: its link, its gateway address and the kernel settings that it needs.</summary>
internal sealed record BridgeLink(string Name, int Index, InterfaceAddress Gateway, int Mtu)
{
    /// <summary>Its ports hear the host alone, not each other.</summary>
    public bool Isolates { get; init; }

    /// <summary>Containers' default route; null: the gateway.</summary>
    public IPAddress? ContainerGateway { get; init; }

    private const int UsualMtu = 1500;

    /// <summary>Makes what is missing and leaves what is there. Safe to repeat.</summary>
    /// <param name="kept">The gateway of containers that still run from an earlier start: it stays, whatever the options say.</param>
    public static BridgeLink Ensure(NetworkNamespace host, RouteSocket route, BridgeOptions options, InterfaceAddress? kept)
    {
        var link = route.FindLink(options.LinkName);
        if (link is { Kind: not "bridge" })
        {
            throw new NetworkFault(NetworkFaultKind.Refused, $"link {options.LinkName} exists and is not a bridge; name another one for the default network");
        }

        var present = link is null ? null : AddressOf(route, link.Index);
        var gateway = kept ?? options.Address ?? present ?? Choose(route);
        if (link is null)
        {
            // A bridge without an address of its own takes the lowest of its ports', which changes as containers come and go.
            route.AddBridge(options.LinkName, BridgeEndpoint.MacOf(gateway.Address));
        }

        if (present is { } stale && stale != gateway)
        {
            route.DeleteAddress(options.LinkName, stale.Address, stale.PrefixLength);
        }

        if (present != gateway)
        {
            route.AddAddress(options.LinkName, gateway.Address, gateway.PrefixLength);
        }

        var mtu = options.Mtu > 0 ? options.Mtu : DefaultRouteMtu(route);
        route.SetMtu(options.LinkName, mtu);
        route.SetUp(options.LinkName);
        host.Run(() =>
        {
            if (options.Forwards)
            {
                Sysctl.Set("net/ipv4/ip_forward", "1");
            }

            // So that 127.0.0.1:PORT of the host may be sent on to the bridge; the raw chain keeps containers from using it backwards.
            Sysctl.Set($"net/ipv4/conf/{options.LinkName}/route_localnet", "1");
        });
        return new BridgeLink(options.LinkName, route.FindLink(options.LinkName)!.Index, gateway, mtu)
        {
            Isolates = !options.ContainersMeet,
            ContainerGateway = options.ContainerGateway,
        };
    }

    private static InterfaceAddress? AddressOf(RouteSocket route, int index) => route.Addresses()
        .Where(address => address.LinkIndex == index && address.Address.AddressFamily == AddressFamily.InterNetwork)
        .Select(address => (InterfaceAddress?)new InterfaceAddress(address.Address, address.PrefixLength))
        .FirstOrDefault();

    private static InterfaceAddress Choose(RouteSocket route)
    {
        var addresses = route.Addresses()
            .Where(address => address.Address.AddressFamily == AddressFamily.InterNetwork)
            .Select(address => Subnets.Of(address.Address, address.PrefixLength));
        var routes = route.Routes()
            .Select(found => found.Destination)
            .OfType<IPNetwork>()
            .Where(network => network.BaseAddress.AddressFamily == AddressFamily.InterNetwork);
        var subnet = Subnets.ChooseFree([.. addresses, .. routes]);
        return new InterfaceAddress(Subnets.FromNumber(Subnets.ToNumber(subnet.BaseAddress) + 1), subnet.PrefixLength);
    }

    private static int DefaultRouteMtu(RouteSocket route)
    {
        var way = route.Routes().FirstOrDefault(found => found.Destination is null && found.Gateway?.AddressFamily == AddressFamily.InterNetwork);
        return way is null ? UsualMtu : route.Links().FirstOrDefault(link => link.Index == way.OutputLinkIndex)?.Mtu ?? UsualMtu;
    }
}
