using System.Net;
using System.Net.Sockets;
using Swarm.Model;
using Swarm.Networking.Ipam;

namespace Swarm.Networking.Overlay;

/// <summary>A port that every node publishes.</summary>
/// <param name="Protocol">tcp, udp or sctp.</param>
internal readonly record struct IngressPort(string Protocol, int Number, bool IPv6);

/// <summary>Where a published port leads to: addresses of one family, none while nothing serves.</summary>
internal sealed record IngressTarget(int Port, IPAddress[] Backends)
{
    public bool Equals(IngressTarget? other) => other is not null && Port == other.Port && Backends.SequenceEqual(other.Backends);

    public override int GetHashCode() => HashCode.Combine(Port, Backends.Length);
}

/// <summary>What a table of the ingress network publishes on a node.</summary>
internal static class IngressPorts
{
    public static Dictionary<IngressPort, IngressTarget> Of(string nodeId, NetworkTable table)
    {
        var ports = new Dictionary<IngressPort, IngressTarget>();
        var serving = TableServices.Serving(table);
        var families = table.Network.Pools.Select(pool => IPNetwork.Parse(pool.Subnet).IsIPv6()).Distinct().ToList();
        foreach (var (id, service) in table.Services)
        {
            var all = serving[id].ToList();
            var near = service.LocalFirst ? all.Where(endpoint => endpoint.NodeId == nodeId).ToList() : [];
            var chosen = (near.Count > 0 ? near : all).SelectMany(TableServices.Addresses).ToList();
            foreach (var port in service.Ports.Where(port => port is { PublishMode: PublishMode.Ingress, PublishedPort: > 0 }))
            {
                foreach (var ipv6 in families)
                {
                    ports[new IngressPort(port.Protocol.ToString().ToLowerInvariant(), port.PublishedPort, ipv6)] =
                        new IngressTarget(port.TargetPort, [.. chosen.Where(address => address.IsIPv6() == ipv6)]);
                }
            }
        }

        return ports;
    }

    /// <summary>The node's own addresses on the network, by which it sends to the backends.</summary>
    public static IReadOnlyList<IPAddress> Own(string nodeId, NetworkTable table) =>
        table.Peers.GetValueOrDefault(nodeId) is { } self ? [.. self.Addresses.Select(IpAddresses.OfCidr)] : [];
}
