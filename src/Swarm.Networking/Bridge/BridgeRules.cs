using System.Net;
using System.Text;
using Swarm.Networking.Ports;

namespace Swarm.Networking.Bridge;

/// <summary>The bridge's nftables table as text (nft(8)), each change one line, which is one transaction. Nothing outside the table is named.</summary>
internal sealed class BridgeRules(string link, IPNetwork subnet)
{
    /// <summary>Named after the bridge, of which a namespace can have only one: tables of two daemons never meet.</summary>
    public string Table { get; } = "ip swarm_" + link.Replace('-', '_');

    public bool Masquerades { get; init; } = true;

    /// <summary>False: there is no table, and nothing is ever published.</summary>
    public bool Exist { get; init; } = true;

    /// <summary>The whole table, whatever was there before.</summary>
    public string Whole(IEnumerable<BridgeEndpoint> endpoints)
    {
        var text = new StringBuilder(Nothing());
        if (!Exist)
        {
            return text.ToString();
        }

        text.Append($"; add table {Table}")
            .Append($"; add map {Table} published {{ type inet_proto . inet_service : ipv4_addr . inet_service; }}")
            .Append($"; add map {Table} published_at {{ type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }}");
        Chain(text, "prerouting", "nat", "prerouting", "dstnat");
        Chain(text, "output", "nat", "output", "-100");
        Chain(text, "postrouting", "nat", "postrouting", "srcnat");
        Chain(text, "forward", "filter", "forward", "filter");
        Chain(text, "raw", "filter", "prerouting", "raw");
        foreach (var chain in (ReadOnlySpan<string>)["prerouting", "output"])
        {
            Rule(text, chain, "fib daddr type local dnat ip to ip daddr . meta l4proto . th dport map @published_at");
            Rule(text, chain, "fib daddr type local dnat ip to meta l4proto . th dport map @published");
        }

        // Out to the world; a container that reaches itself or a neighbour by the host's address; the host by 127.0.0.1.
        if (Masquerades)
        {
            Rule(text, "postrouting", $"ip saddr {subnet} oifname != \"{link}\" masquerade");
        }

        Rule(text, "postrouting", $"oifname \"{link}\" ip saddr {subnet} ct status dnat masquerade");
        Rule(text, "postrouting", $"oifname \"{link}\" ip saddr 127.0.0.0/8 masquerade");

        // Forwarding is on for the whole host, so without this a neighbour of the host could route straight to ports nobody published.
        Rule(text, "forward", $"iifname != \"{link}\" oifname \"{link}\" ct state new ct status & dnat != dnat drop");

        // route_localnet lets the bridge carry 127.0.0.0/8: only from the host to the container, never back.
        Rule(text, "raw", $"iifname \"{link}\" ip daddr 127.0.0.0/8 drop");
        return text.Append(Elements("add", endpoints.SelectMany(endpoint => Pairs(endpoint)))).ToString();
    }

    /// <summary>Adding before deleting makes it right whether or not the table is there.</summary>
    public string Nothing() => $"add table {Table}; delete table {Table}";

    /// <returns>Empty when the endpoint publishes nothing.</returns>
    public string Publish(BridgeEndpoint endpoint) => Elements("add", Pairs(endpoint)).TrimStart(';', ' ');

    /// <inheritdoc cref="Publish"/>
    public string Withdraw(BridgeEndpoint endpoint) => Elements("delete", Pairs(endpoint)).TrimStart(';', ' ');

    private static IEnumerable<(PortMapping Port, IPAddress Address)> Pairs(BridgeEndpoint endpoint) => endpoint.Ports.Select(port => (port, endpoint.Address!));

    private string Elements(string verb, IEnumerable<(PortMapping Port, IPAddress Address)> ports)
    {
        var text = new StringBuilder();
        if (!Exist)
        {
            return "";
        }

        foreach (var map in ports.ToLookup(pair => pair.Port.IsEverywhere))
        {
            text.Append($"; {verb} element {Table} {(map.Key ? "published" : "published_at")} {{ ")
                .AppendJoin(", ", map.Select(pair =>
                    (map.Key ? "" : $"{pair.Port.HostAddress} . ") + $"{pair.Port.Protocol} . {pair.Port.HostPort} : {pair.Address} . {pair.Port.ContainerPort}"))
                .Append(" }");
        }

        return text.ToString();
    }

    private void Chain(StringBuilder text, string name, string type, string hook, string priority) =>
        text.Append($"; add chain {Table} {name} {{ type {type} hook {hook} priority {priority}; }}");

    private void Rule(StringBuilder text, string chain, string rule) => text.Append($"; add rule {Table} {chain} {rule}");
}
