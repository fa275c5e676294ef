using System.Net;
using System.Net.Sockets;
using Swarm.Linux;
using Swarm.Networking.Ipam;
using Swarm.Networking.Netlink;
using Swarm.Networking.Networks;

namespace Swarm.Networking.Bridge;

/// <summary>The bridge itself: its link, its own addresses and the kernel settings that it needs.</summary>
/// <param name="PassesRules">The host has br_netfilter at work: frames between the bridge's ports pass the rules of the IP families.</param>
internal sealed record BridgeLink(string Name, int Index, int Mtu, bool PassesRules)
{
    private const int UsualMtu = 1500;

    /// <summary>Makes what is missing, takes away addresses that are not the network's, and leaves the rest. Safe to repeat.</summary>
    /// <param name="forwards">The host's forwarding is switched on.</param>
    public static BridgeLink Ensure(NetworkNamespace host, RouteSocket route, NetworkRecord network, BridgeSettings settings, int mtu, bool forwards = true)
    {
        var name = settings.LinkName;
        var addresses = network.Pools.Where(pool => pool.Gateway is not null && settings.Mode(pool.Subnet.IsIPv6()) != GatewayMode.Isolated)
            .Select(pool => new InterfaceAddress(pool.Gateway!, pool.Subnet.PrefixLength)).ToList();
        if (Find(route, name) is null)
        {
            // A bridge without an address of its own takes the lowest of its ports', which changes as containers come and go.
            route.AddBridge(name, BridgeEndpoint.MacOf(addresses.Select(address => address.Address).FirstOrDefault(IPAddress.Parse("127.0.0.1"))));
        }

        if (network.EnableIPv6)
        {
            host.Run(() =>
            {
                Sysctl.Set($"net/ipv6/conf/{name}/disable_ipv6", "0");
                Sysctl.Set($"net/ipv6/conf/{name}/accept_ra", "0");
                Sysctl.Set($"net/ipv6/conf/{name}/accept_dad", "0");
                if (forwards)
                {
                    Sysctl.Set("net/ipv6/conf/all/forwarding", "1");
                }
            });
        }

        SetAddresses(route, name, addresses, network.LinkIsTheHosts);
        if (mtu == 0)
        {
            mtu = settings.Mtu > 0 ? settings.Mtu : DefaultRouteMtu(route);
        }

        route.SetMtu(name, mtu);
        route.SetUp(name);
        var passesRules = host.Run(() =>
        {
            if (forwards)
            {
                Sysctl.Set("net/ipv4/ip_forward", "1");
            }

            // So that 127.0.0.1:PORT of the host may be sent on to the bridge; the raw chain keeps containers from using it backwards.
            Sysctl.Set($"net/ipv4/conf/{name}/route_localnet", "1");
            return Sysctl.Get("net/bridge/bridge-nf-call-iptables") == "1";
        });
        return new BridgeLink(name, route.FindLink(name)!.Index, mtu, passesRules);
    }

    /// <returns>Null: there is no such link.</returns>
    /// <exception cref="NetworkFault">There is one, of another kind.</exception>
    public static Link? Find(RouteSocket route, string name) => route.FindLink(name) is not { } link ? null
        : link.Kind == "bridge" ? link
        : throw new NetworkFault(NetworkFaultKind.Refused, $"link {name} exists and is not a bridge; name another one for the network");

    /// <summary>The first address of a family that the link has, link-local ones not counted.</summary>
    public static InterfaceAddress? AddressOf(RouteSocket route, int index, bool ipv6) => route.Addresses()
        .Where(address => address.LinkIndex == index && address.Address.IsIPv6() == ipv6 && !address.Address.IsIPv6LinkLocal)
        .Select(address => (InterfaceAddress?)new InterfaceAddress(address.Address, address.PrefixLength))
        .FirstOrDefault();

    private static void SetAddresses(RouteSocket route, string name, List<InterfaceAddress> wanted, bool keepOthers)
    {
        var index = route.FindLink(name)!.Index;
        var present = route.Addresses()
            .Where(address => address.LinkIndex == index && !address.Address.IsIPv6LinkLocal)
            .Select(address => new InterfaceAddress(address.Address, address.PrefixLength)).ToList();
        foreach (var stale in present.Except(wanted).Where(_ => !keepOthers))
        {
            route.DeleteAddress(name, stale.Address, stale.PrefixLength);
        }

        foreach (var missing in wanted.Except(present))
        {
            route.AddAddress(name, missing.Address, missing.PrefixLength);
        }
    }

    private static int DefaultRouteMtu(RouteSocket route)
    {
        var way = route.Routes().FirstOrDefault(found => found.Destination is null && found.Gateway?.AddressFamily == AddressFamily.InterNetwork);
        return way is null ? UsualMtu : route.Links().FirstOrDefault(link => link.Index == way.OutputLinkIndex)?.Mtu ?? UsualMtu;
    }
}
