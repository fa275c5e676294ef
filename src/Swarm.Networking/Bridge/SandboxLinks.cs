using System.Net;
using Swarm.Linux;
using Swarm.Networking.Ipam;
using Swarm.Networking.Netlink;
using Swarm.Networking.Networks;

namespace Swarm.Networking.Bridge;

/// <summary>A container's network namespace from the inside: loopback, a veth pair for each endpoint, and the default routes.</summary>
internal static class SandboxLinks
{
    /// <summary>Makes the namespace with nothing but a loopback link.</summary>
    /// <returns>Both to be disposed of.</returns>
    public static (NetworkNamespace Namespace, RouteSocket Inside) Make(string path, string userNamespace) =>
        NetworkNamespace.Create(path, PrepareInside, userNamespace);

    public static void Connect(NetworkNamespace ns, RouteSocket inside, LiveNetwork network, BridgeEndpoint endpoint)
    {
        if (network.Record.IsMacvlan)
        {
            var mode = MacvlanParent.SettingsOf(network.Record).Mode;
            var mac = mode == MacvlanSettings.Passthru ? null : endpoint.Mac; // it would become the parent's
            network.Route.AddMacvlan(new MacvlanLink(endpoint.LinkName, network.Link.Index, mode, network.Link.Mtu, mac), ns);
        }
        else
        {
            network.Route.AddVeth(new VethPair(endpoint.HostLink, network.Link.Index, network.Link.Mtu, endpoint.LinkName, endpoint.Mac), ns);
            SetPortOptions(network, endpoint);
        }

        if (endpoint.Address6 is not null)
        {
            ns.Run(() =>
            {
                Sysctl.Set($"net/ipv6/conf/{endpoint.LinkName}/disable_ipv6", "0");
                Sysctl.Set($"net/ipv6/conf/{endpoint.LinkName}/accept_ra", "0");
                Sysctl.Set($"net/ipv6/conf/{endpoint.LinkName}/accept_dad", "0"); // our pools give each address once: no second of waiting
            });
        }

        inside.SetUp(endpoint.LinkName);
        if (endpoint.Address is { } address)
        {
            inside.AddAddress(endpoint.LinkName, address, endpoint.PrefixLength);
        }

        if (endpoint.Address6 is { } address6)
        {
            inside.AddAddress(endpoint.LinkName, address6, endpoint.PrefixLength6);
        }

        // All subnets of a network of the cluster are on one link.
        foreach (var other in network.Record.Pools.Where(pool => network.Record.IsOverlay && Reaches(endpoint, pool)))
        {
            inside.AddRoute(other.Subnet, null, endpoint.LinkName);
        }
    }

    private static bool Reaches(BridgeEndpoint endpoint, NetworkPool pool) =>
        (pool.Subnet.IsIPv6() ? endpoint.Address6 : endpoint.Address) is { } own && !pool.Subnet.Contains(own);

    /// <summary>What a bridge port of ours is like; also after it was put on a bridge that was made anew.</summary>
    public static void SetPortOptions(LiveNetwork network, BridgeEndpoint endpoint)
    {
        var host = network.Route;
        if (network.Record.IsOverlay)
        {
            host.SetLearning(endpoint.HostLink, on: false); // where addresses are is written
            return;
        }

        // Where bridge-nf-call-iptables is on, a container's connection to its own published port is turned round inside the bridge.
        host.SetHairpin(endpoint.HostLink, on: true);
        if (!network.Settings.Icc && !network.Link.PassesRules)
        {
            // Frames inside the bridge pass no rule of ours: the kernel keeps such ports apart, and lets them reach the host and what is behind it.
            host.SetIsolated(endpoint.HostLink, on: true);
        }
    }

    /// <summary>Makes the default routes those of <paramref name="gateway"/> and <paramref name="gateway6"/>, null for none.</summary>
    public static void Route(RouteSocket inside, IPAddress? gateway, IPAddress? gateway6)
    {
        foreach (var (wanted, ipv6) in ((IPAddress?, bool)[])[(gateway, false), (gateway6, true)])
        {
            var present = inside.Routes()
                .Where(route => route.Destination is null or { PrefixLength: 0 } && route.Gateway is { } by && Ipam.Subnets.IsIPv6(by) == ipv6)
                .Select(route => route.Gateway!).ToList();
            foreach (var stale in present.Where(by => !by.Equals(wanted)))
            {
                inside.DeleteRoute(null, stale, null);
            }

            if (wanted is not null && !present.Contains(wanted))
            {
                inside.AddRoute(null, wanted, linkIndex: 0);
            }
        }
    }

    /// <summary>What Docker sets in every container: no IPv6 on a network without it, low ports and ping without privileges.</summary>
    private static RouteSocket PrepareInside()
    {
        if (Directory.Exists("/proc/sys/net/ipv6")) // not on a kernel that was started without IPv6
        {
            Sysctl.Set("net/ipv6/conf/default/disable_ipv6", "1");
        }

        Sysctl.Set("net/ipv4/ip_unprivileged_port_start", "0");
        File.WriteAllText("/proc/sys/net/ipv4/ping_group_range", "0 2147483647");
        var inside = new RouteSocket();
        inside.SetUp("lo");
        return inside;
    }
}
