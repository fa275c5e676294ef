using Swarm.Linux;
using Swarm.Networking.Netlink;

namespace Swarm.Networking.Bridge;

/// <summary>Makes a container's network namespace: loopback up, and on a bridge a veth pair with an address and the default route.</summary>
internal static class Sandbox
{
    private const string ContainerLink = "eth0";

    public static void MakeLoopbackOnly(string path)
    {
        var (ns, inside) = NetworkNamespace.Create(path, PrepareInside);
        ns.Dispose();
        inside.Dispose();
    }

    public static void MakeOnBridge(string path, RouteSocket host, BridgeLink bridge, BridgeEndpoint endpoint)
    {
        var (ns, inside) = NetworkNamespace.Create(path, PrepareInside);
        using (ns)
        using (inside)
        {
            host.AddVeth(new VethPair(endpoint.HostLink, bridge.Index, bridge.Mtu, ContainerLink, endpoint.Mac), ns);

            // Where bridge-nf-call-iptables is on, a container's connection to its own published port is turned round inside the bridge.
            host.SetHairpin(endpoint.HostLink, on: true);
            if (bridge.Isolates)
            {
                host.SetIsolated(endpoint.HostLink);
            }

            inside.SetUp(ContainerLink);
            inside.AddAddress(ContainerLink, endpoint.Address!, endpoint.PrefixLength);
            inside.AddRoute(null, bridge.ContainerGateway ?? endpoint.Gateway, linkIndex: 0);
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
