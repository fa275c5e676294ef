using System.Net;
using System.Net.Sockets;
using System.Text;
using Swarm.Networking.Ipam;
using Swarm.Networking.Nftables;
using static Swarm.Networking.Netlink.RouteConstants;

namespace Swarm.Networking.Overlay;

/// <summary>
/// The rules by which a node takes what comes to a published port to a backend of any node. The client keeps its address: the backend's own rules send the answers back
/// here. The whole table is text (nft(8)), a change is the kernel's own messages; each is one transaction.
/// </summary>
/// <param name="bridge">The default bridge's link, which tells the daemons of a namespace apart.</param>
/// <param name="link">This side of the veth to the ingress network's bridge.</param>
internal sealed class IngressRules(string bridge, string link)
{
    private const int IPv4AndTcp = 40, IPv6AndTcp = 60; // header bytes
    private const int DestinationPort = 2; // of TCP, UDP and SCTP alike
    private const ProtocolType Sctp = (ProtocolType)132;

    private readonly HashSet<(bool IPv6, int Count)> choices = [];

    /// <summary>Of a packet that goes to a backend: routed by a table of its own.</summary>
    public int Mark => 0x10000000 | ((int)(Hash() & 0xff) << 20);

    public static int Mask => 0x1ff00000;

    /// <summary>The routing table, whose number is as good as nobody else's.</summary>
    public int RoutingTable => 0x53570000 | (int)(Hash() & 0xffff);

    /// <summary>Of the table, which is of the family inet.</summary>
    public string Name { get; } = "swarm_ingress_" + string.Concat(bridge.Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '_'));

    private string Table => "inet " + Name;

    /// <summary>Rules that the table has after what was said last.</summary>
    public int Count { get; private set; }

    /// <summary>The whole table, whatever was there before.</summary>
    /// <param name="local">Networks of containers of this node: by them a client's address means nothing elsewhere.</param>
    public string Whole(IReadOnlyDictionary<IngressPort, IngressTarget> ports, int mtu, IReadOnlyCollection<IPNetwork> local)
    {
        choices.Clear();
        var text = new StringBuilder(Nothing()).Append($"; add table {Table}");
        foreach (var (suffix, address) in ((string, string)[])[("", "ip"), ("6", "ip6")])
        {
            text.Append($"; add map {Table} ports{suffix} {{ type inet_proto . inet_service : verdict; }}")
                .Append($"; add map {Table} backends{suffix} {{ typeof meta l4proto . th dport . numgen random mod 65536 : {address} daddr . th dport; }}")
                .Append($"; add set {Table} published{suffix} {{ type inet_proto . inet_service; }}")
                .Append($"; add set {Table} empty{suffix} {{ type inet_proto . inet_service; }}")
                .Append($"; add set {Table} local{suffix} {{ type {(suffix.Length > 0 ? "ipv6_addr" : "ipv4_addr")}; flags interval; auto-merge; }}");
        }

        foreach (var (name, type, hook, priority) in ((string, string, string, string)[])
            [("arrive", "filter", "prerouting", "mangle"), ("depart", "route", "output", "mangle"), ("prerouting", "nat", "prerouting", "dstnat"), ("output", "nat", "output", "-100"),
            ("postrouting", "nat", "postrouting", "srcnat"), ("leave", "filter", "postrouting", "mangle"), ("forward", "filter", "forward", "filter"), ("input", "filter", "input", "filter")])
        {
            text.Append($"; add chain {Table} {name} {{ type {type} hook {hook} priority {priority}; }}");
        }

        var rules = Rules(mtu).ToList();
        rules.ForEach(rule => text.Append($"; add rule {Table} {rule}"));
        foreach (var family in local.ToLookup(network => network.IsIPv6()))
        {
            text.Append($"; add element {Table} local{Suffix(family.Key)} {{ {string.Join(", ", family)} }}");
        }

        Count = rules.Count;
        foreach (var command in Fill(ports))
        {
            text.Append("; ").Append(command);
        }

        return text.ToString();
    }

    /// <summary>Adding before deleting makes it right whether or not the table is there.</summary>
    public string Nothing() => $"add table {Table}; delete table {Table}";

    /// <summary>Straight to the kernel: nft of 1.0 refuses elements for a map with a typeof that it finds there.</summary>
    public RuleBatch Change(IReadOnlyDictionary<IngressPort, IngressTarget> before, IReadOnlyDictionary<IngressPort, IngressTarget> after)
    {
        var batch = new RuleBatch(FamilyInetTables, Name);
        foreach (var ipv6 in (ReadOnlySpan<bool>)[false, true])
        {
            var changed = before.Keys.Union(after.Keys).Where(port => port.IPv6 == ipv6)
                .Select(port => (Port: port, Was: before.GetValueOrDefault(port), Now: after.GetValueOrDefault(port)))
                .Where(change => !Equals(change.Was, change.Now)).ToList();
            var left = changed.Where(change => change.Was is not null && change.Was.Backends.Length != change.Now?.Backends.Length).ToList();
            var led = changed.Where(change => change.Now is not null && change.Now.Backends.Length != change.Was?.Backends.Length).ToList();
            var suffix = Suffix(ipv6);
            batch.Delete("published" + suffix, changed.Where(change => change.Now is null).Select(change => new SetElement(Key(change.Port))))
                .Delete("ports" + suffix, left.Where(change => change.Was!.Backends.Length > 0).Select(change => new SetElement(Key(change.Port))))
                .Delete("empty" + suffix, left.Where(change => change.Was!.Backends.Length == 0).Select(change => new SetElement(Key(change.Port))))
                .Delete("backends" + suffix, changed.SelectMany(change => Different(change.Port, change.Was, change.Now)).Select(element => element with { Value = null }))
                .Add("backends" + suffix, changed.SelectMany(change => Different(change.Port, change.Now, change.Was)));
            foreach (var count in led.Select(change => change.Now!.Backends.Length).Where(count => count > 0 && choices.Add((ipv6, count))).ToList())
            {
                Choose(batch, ipv6, count);
                Count++;
            }

            batch.Add("ports" + suffix, led.Where(change => change.Now!.Backends.Length > 0).Select(change => new SetElement(Key(change.Port), Chain: Choice(ipv6, change.Now!.Backends.Length))))
                .Add("empty" + suffix, led.Where(change => change.Now!.Backends.Length == 0).Select(change => new SetElement(Key(change.Port))))
                .Add("published" + suffix, changed.Where(change => change.Was is null).Select(change => new SetElement(Key(change.Port))));
        }

        return batch;
    }

    private static void Choose(RuleBatch batch, bool ipv6, int count) => batch.Chain(Choice(ipv6, count)).Rule(Choice(ipv6, count), rule => rule
        .Meta(MetaProtocol, RuleExpressions.FirstWord)
        .Load(TransportHeader, DestinationPort, sizeof(ushort), RuleExpressions.FirstWord + 1)
        .Random(count, RuleExpressions.FirstWord + 2)
        .Map("backends" + Suffix(ipv6), RuleExpressions.FirstWord)
        .TranslateAddress(ipv6 ? FamilyInet6 : FamilyInet, RuleExpressions.FirstWord + (ipv6 ? 4 : 1)));

    /// <summary>All ports of a new table, as text.</summary>
    private IEnumerable<string> Fill(IReadOnlyDictionary<IngressPort, IngressTarget> ports)
    {
        foreach (var family in ports.ToLookup(pair => pair.Key.IPv6))
        {
            var suffix = Suffix(family.Key);
            foreach (var count in family.Select(pair => pair.Value.Backends.Length).Where(count => count > 0 && choices.Add((family.Key, count))))
            {
                Count++;
                yield return $"add chain {Table} {Choice(family.Key, count)}";
                yield return $"add rule {Table} {Choice(family.Key, count)} dnat {(family.Key ? "ip6" : "ip")} to meta l4proto . th dport . numgen random mod {count} map @backends{suffix}";
            }

            foreach (var (port, target) in family)
            {
                var key = $"{port.Protocol} . {port.Number}";
                yield return $"add element {Table} published{suffix} {{ {key} }}";
                yield return target.Backends.Length > 0
                    ? $"add element {Table} ports{suffix} {{ {key} : goto {Choice(family.Key, target.Backends.Length)} }}"
                    : $"add element {Table} empty{suffix} {{ {key} }}";
                foreach (var (backend, number) in target.Backends.Select((backend, number) => (backend, number)))
                {
                    yield return $"add element {Table} backends{suffix} {{ {key} . {number} : {backend} . {target.Port} }}";
                }
            }
        }
    }

    private IEnumerable<string> Rules(int mtu)
    {
        var marked = $"meta mark set meta mark and {(uint)~Mask} or {Mark}";

        // What comes from the network is an answer to what went there; so the kernel may judge its source by the table that it went by.
        yield return $"arrive iifname \"{link}\" {marked}";
        foreach (var (chain, direction) in ((string, string)[])[("arrive", "iifname"), ("leave", "oifname")])
        {
            // Both sides think of their own links, which carry more.
            yield return $"{chain} {direction} \"{link}\" meta nfproto ipv4 tcp flags syn tcp option maxseg size set {mtu - IPv4AndTcp}";
            yield return $"{chain} {direction} \"{link}\" meta nfproto ipv6 tcp flags syn tcp option maxseg size set {mtu - IPv6AndTcp}";
        }

        foreach (var (suffix, family) in ((string, string)[])[("", "meta nfproto ipv4"), ("6", "ip6 daddr != ::1")])
        {
            foreach (var chain in (string[])["arrive", "depart"])
            {
                yield return $"{chain} {family} fib daddr type local meta l4proto . th dport @published{suffix} ct direction original {marked}";
            }

            foreach (var chain in (string[])["prerouting", "output"])
            {
                yield return $"{chain} {family} fib daddr type local meta l4proto . th dport vmap @ports{suffix}";
            }

            yield return $"input {family} fib daddr type local meta l4proto tcp meta l4proto . th dport @empty{suffix} reject with tcp reset";
            yield return $"input {family} fib daddr type local meta l4proto . th dport @empty{suffix} reject";
        }

        yield return $"arrive iifname \"{link}\" ip daddr 127.0.0.0/8 drop";
        yield return $"postrouting oifname \"{link}\" ip saddr 127.0.0.0/8 masquerade";
        yield return $"postrouting oifname \"{link}\" ip saddr @local masquerade";
        yield return $"postrouting oifname \"{link}\" ip6 saddr @local6 masquerade";
        yield return $"forward oifname \"{link}\" ct state new ct status & dnat != dnat drop";
        yield return $"forward iifname \"{link}\" ct state new drop";
        yield return $"input iifname \"{link}\" ct state new drop";
    }

    /// <summary>The backends of <paramref name="these"/> that are not at the same number of <paramref name="others"/>.</summary>
    private static IEnumerable<SetElement> Different(IngressPort port, IngressTarget? these, IngressTarget? others) => (these?.Backends ?? [])
        .Select((backend, number) => (Backend: backend, Number: number))
        .Where(pair => others is null || these!.Port != others.Port || pair.Number >= others.Backends.Length || !others.Backends[pair.Number].Equals(pair.Backend))
        .Select(pair => new SetElement([.. Key(port), .. BitConverter.GetBytes(pair.Number)], [.. pair.Backend.GetAddressBytes(), .. PortWord(these!.Port)]));

    /// <summary>Each part of a key has whole words.</summary>
    private static byte[] Key(IngressPort port) => [(byte)(port.Protocol switch { "tcp" => ProtocolType.Tcp, "udp" => ProtocolType.Udp, _ => Sctp }), 0, 0, 0, .. PortWord(port.Number)];

    private static byte[] PortWord(int port) => [(byte)(port >> 8), (byte)port, 0, 0];

    private static string Choice(bool ipv6, int count) => $"choose{Suffix(ipv6)}_{count}";

    private static string Suffix(bool ipv6) => ipv6 ? "6" : "";

    private uint Hash() => bridge.Aggregate(2166136261u, (hash, letter) => unchecked((hash ^ letter) * 16777619u)); // FNV-1a: the same after a restart
}
