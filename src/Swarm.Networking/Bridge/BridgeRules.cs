using System.Net;
using System.Text;
using Swarm.Networking.Ipam;
using Swarm.Networking.Networks;
using Swarm.Networking.Ports;

namespace Swarm.Networking.Bridge;

/// <summary>Our nftables table as text (nft(8)), each change one line, which is one transaction. Nothing outside the table is named.</summary>
/// <param name="link">The default bridge, of which a namespace can have only one: tables of two daemons never meet.</param>
internal sealed class BridgeRules(string link)
{
    private static readonly (string Map, string Address)[] Families = [("published", "ipv4_addr"), ("published6", "ipv6_addr")];

    public string Table { get; } = "inet swarm_" + string.Concat(link.Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '_'));

    /// <summary>The whole table, whatever was there before.</summary>
    public string Whole(IReadOnlyCollection<LiveNetwork> networks, IEnumerable<PortTarget> ports)
    {
        var text = new StringBuilder(Nothing()).Append($"; add table {Table}");
        foreach (var (map, address) in Families)
        {
            text.Append($"; add map {Table} {map} {{ type inet_proto . inet_service : {address} . inet_service; }}")
                .Append($"; add map {Table} {map}_at {{ type {address} . inet_proto . inet_service : {address} . inet_service; }}")
                .Append($"; add set {Table} {map}_routed {{ type {address} . inet_proto . inet_service; }}");
        }

        Chain(text, "prerouting", "nat", "prerouting", "dstnat");
        Chain(text, "output", "nat", "output", "-100");
        Chain(text, "postrouting", "nat", "postrouting", "srcnat");
        Chain(text, "forward", "filter", "forward", "filter");
        Chain(text, "raw", "filter", "prerouting", "raw");
        foreach (var chain in (ReadOnlySpan<string>)["prerouting", "output"])
        {
            Rule(text, chain, "fib daddr type local dnat ip to ip daddr . meta l4proto . th dport map @published_at");
            Rule(text, chain, "fib daddr type local dnat ip to meta l4proto . th dport map @published");

            // The kernel never lets ::1 out of the host, so such a connection could only wait; untouched, it is refused at once.
            Rule(text, chain, "ip6 daddr != ::1 fib daddr type local dnat ip6 to ip6 daddr . meta l4proto . th dport map @published6_at");
            Rule(text, chain, "ip6 daddr != ::1 fib daddr type local dnat ip6 to meta l4proto . th dport map @published6");
        }

        foreach (var network in networks)
        {
            Masquerade(text, network);
            Forward(text, network);
        }

        if (networks.Count > 0)
        {
            // route_localnet lets the bridges carry 127.0.0.0/8: only from the host to the container, never back.
            Rule(text, "raw", $"iifname {{ {string.Join(", ", networks.Select(network => $"\"{network.Link.Name}\""))} }} ip daddr 127.0.0.0/8 drop");
        }

        return text.Append(Elements("add", ports)).ToString();
    }

    /// <summary>Adding before deleting makes it right whether or not the table is there.</summary>
    public string Nothing() => $"add table {Table}; delete table {Table}";

    /// <returns>Empty when there is nothing to publish.</returns>
    public string Publish(IEnumerable<PortTarget> ports) => Elements("add", ports).TrimStart(';', ' ');

    /// <inheritdoc cref="Publish"/>
    public string Withdraw(IEnumerable<PortTarget> ports) => Elements("delete", ports).TrimStart(';', ' ');

    /// <summary>Out to the world; a container that reaches itself or a neighbour by the host's address; the host by 127.0.0.1.</summary>
    private void Masquerade(StringBuilder text, LiveNetwork network)
    {
        var name = network.Link.Name;
        foreach (var pool in network.Record.Pools.Where(pool => network.Settings.Mode(pool.Subnet.IsIPv6()) != GatewayMode.Routed))
        {
            var source = (pool.Subnet.IsIPv6() ? "ip6" : "ip") + $" saddr {pool.Subnet}";
            if (!network.Record.Internal && (pool.Subnet.IsIPv6() ? network.Settings.Masquerade6 : network.Settings.Masquerade4))
            {
                Rule(text, "postrouting", $"{source} oifname != \"{name}\" masquerade");
            }

            Rule(text, "postrouting", $"oifname \"{name}\" {source} ct status dnat masquerade");
        }

        Rule(text, "postrouting", $"oifname \"{name}\" ip saddr 127.0.0.0/8 masquerade");
    }

    /// <summary>
    /// Forwarding is on for the whole host, so without this a neighbour of the host, or a container of another network, could route straight to
    /// ports that nobody published. Only what begins a connection is judged.
    /// </summary>
    private void Forward(StringBuilder text, LiveNetwork network)
    {
        var name = network.Link.Name;
        if (!network.Settings.Icc && network.Link.PassesRules)
        {
            // Elsewhere the ports are kept apart by the bridge itself, which here would keep a neighbour's published port away too.
            Rule(text, "forward", $"iifname \"{name}\" oifname \"{name}\" ct state new ct status & dnat != dnat drop");
        }

        if (network.Record.Internal)
        {
            Rule(text, "forward", $"iifname \"{name}\" oifname != \"{name}\" drop");
            Rule(text, "forward", $"iifname != \"{name}\" oifname \"{name}\" drop");
            return;
        }

        foreach (var (family, address, icmp, map, mode) in ((string, string, string, string, GatewayMode)[])
            [("ipv4", "ip", "icmp", "published", network.Settings.Mode4), ("ipv6", "ip6", "ipv6-icmp", "published6", network.Settings.Mode6)])
        {
            var arrives = $"meta nfproto {family} iifname != \"{name}\" oifname \"{name}\" ct state new ct status & dnat != dnat";
            switch (mode)
            {
                case GatewayMode.Nat:
                    Rule(text, "forward", $"{arrives} drop");
                    break;
                case GatewayMode.Routed:
                    Rule(text, "forward", $"{arrives} meta l4proto {{ tcp, udp, sctp }} {address} daddr . meta l4proto . th dport != @{map}_routed drop");
                    Rule(text, "forward", $"{arrives} meta l4proto != {{ tcp, udp, sctp, {icmp} }} drop");
                    break;
            }
        }
    }

    private string Elements(string verb, IEnumerable<PortTarget> ports)
    {
        var text = new StringBuilder();
        foreach (var map in ports.ToLookup(target => (IsIPv6: target.Address.IsIPv6(), target.Port.IsEverywhere, target.IsRouted)))
        {
            var (ipv6, everywhere, isRouted) = map.Key;
            if (isRouted)
            {
                var opened = map.Select(target => $"{target.Address} . {target.Port.Protocol} . {target.Port.ContainerPort}").Distinct();
                text.Append($"; {verb} element {Table} {(ipv6 ? "published6" : "published")}_routed {{ {string.Join(", ", opened)} }}");
                continue;
            }

            text.Append($"; {verb} element {Table} {(ipv6 ? "published6" : "published")}{(everywhere ? "" : "_at")} {{ ")
                .AppendJoin(", ", map.Select(target =>
                    (everywhere ? "" : $"{target.Port.HostAddress} . ") + $"{target.Port.Protocol} . {target.Port.HostPort} : {target.Address} . {target.Port.ContainerPort}"))
                .Append(" }");
        }

        return text.ToString();
    }

    private void Chain(StringBuilder text, string name, string type, string hook, string priority) =>
        text.Append($"; add chain {Table} {name} {{ type {type} hook {hook} priority {priority}; }}");

    private void Rule(StringBuilder text, string chain, string rule) => text.Append($"; add rule {Table} {chain} {rule}");
}
