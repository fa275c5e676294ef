using System.Buffers.Binary;
using System.Net;
using Swarm.Model;
using Swarm.Networking.Bridge;
using Swarm.Networking.Ipam;
using Swarm.Networking.Netlink;
using Swarm.Networking.Nftables;
using static Swarm.Networking.Netlink.RouteConstants;

namespace Swarm.Networking.Overlay;

/// <summary>
/// How a container answers clients that came by a node's published port with their own address. The connection is marked by the hardware address of the node that it
/// came by; what answers it is routed by that mark back to the node, wherever the client's address would lead. A client may come by two nodes from one port of its own:
/// the connections of each node are of a zone of its own (the end of the mark), and the kernel gives the second one another port here. All of it in the calling thread's
/// namespace.
/// </summary>
internal static class ReturnPath
{
    private const string Table = "swarm_ingress", Nodes = "nodes", Arrive = "arrive", Depart = "depart", Translate = "translate", Separate = "separate";
    private const int Mark = 0x53000000, MarkMask = unchecked((int)0xff000000), NodeMask = 0x00ffffff, Priority = 900, SourceOffset = 6, MacBytes = 6;
    private const byte Udp = 17;

    /// <summary>All of it in place of what was there.</summary>
    /// <param name="place">The container's on the ingress network.</param>
    /// <param name="wayOut">Its own addresses on its way out, by which a UDP server that is bound to no address answers.</param>
    public static void Make(BridgeEndpoint place, IReadOnlyList<IPAddress> wayOut, NetworkTable table)
    {
        using var inside = new RouteSocket();
        var back = Routes(inside, place.LinkName, table);

        // The way back to a client is the node's also when the kernel asks whether it may have come from there.
        Sysctl.Set($"net/ipv4/conf/{place.LinkName}/src_valid_mark", "1");

        // A first answer by TCP is routed before it is marked: without this there must be another way out, of that family, for it to be marked on.
        Sysctl.Set("net/ipv4/tcp_fwmark_accept", "1");
        // Connections that stand are of no zone: where an earlier version made the rules they would not be known again.
        var separates = SetCount.Of(Table, Nodes) is null || SetCount.Of(Table, Separate) is not null;
        Whole(place.LinkName, wayOut, table, separates).Apply("lead answers back to where they were asked");
        inside.Put(back.Routes, back.Rules);
    }

    /// <summary>Whether <see cref="Change"/> has something to do.</summary>
    public static bool Differs(NetworkTable before, NetworkTable after) => !ReferenceEquals(before.Peers, after.Peers) && !Elements(before).ToHashSet(new ByKey()).SetEquals(Elements(after));

    /// <summary>Nodes that have come, have gone or have another address.</summary>
    public static void Change(BridgeEndpoint place, NetworkTable before, NetworkTable after)
    {
        var (had, has) = (Elements(before).ToHashSet(new ByKey()), Elements(after).ToHashSet(new ByKey()));
        if (had.SetEquals(has))
        {
            return;
        }

        using var inside = new RouteSocket();
        var (stale, back) = (Routes(inside, place.LinkName, before), Routes(inside, place.LinkName, after));
        inside.Put(back.Routes, back.Rules);
        new RuleBatch(FamilyInetTables, Table)
            .Delete(Nodes, had.Except(has, new ByKey()).Select(element => element with { Value = null }))
            .Add(Nodes, has.Except(had, new ByKey()))
            .Apply("follow the nodes that published ports are at");
        inside.Remove([.. stale.Routes.Except(back.Routes)], [.. stale.Rules.Except(back.Rules)]);
    }

    private static RuleBatch Whole(string link, IReadOnlyList<IPAddress> wayOut, NetworkTable table, bool separates)
    {
        var batch = new RuleBatch(FamilyInetTables, Table).Fresh()
            .Set(Nodes, new SetShape(SetShape.LinkAddress, MacBytes, SetValue.Bytes, SetShape.Mark, sizeof(int)), 1)
            .Chain(Arrive, "filter", HookPreRouting, PriorityMangle)
            .Chain(Depart, "route", HookLocalOut, PriorityMangle)
            .Chain(Translate, "nat", HookPreRouting, PriorityNatDestination)
            .Rule(Arrive, rule => rule.CameBy(link).Track(TrackState).And(BitConverter.GetBytes(TrackStateNew)).Is(new byte[sizeof(int)], not: true)
                .Load(LinkHeader, SourceOffset, MacBytes).Map(Nodes).SetTrackMark())
            .Rule(Arrive, rule => IsMarked(rule.CameBy(link)).Track(TrackMark).SetMark())
            .Rule(Depart, rule => IsMarked(rule).Track(TrackMark).SetMark());
        if (separates)
        {
            batch.Set(Separate, new SetShape(SetShape.LinkAddress, MacBytes), 2) // says that it is so
                .Chain(Separate, "filter", HookPreRouting, PriorityRaw)
                .Rule(Separate, rule => rule.CameBy(link).Load(LinkHeader, SourceOffset, MacBytes).Map(Nodes).SetZoneOfQuestion());
        }

        foreach (var address in wayOut)
        {
            // A UDP socket that is bound to no address answers from that of its default route: so the question is led there, and the answer back from it.
            var family = address.IsIPv6() ? FamilyInet6 : FamilyInet;
            batch.Rule(Translate, rule => IsMarked(rule.CameBy(link)).IsProtocol(Udp).IsFamily(family).Immediate(address.GetAddressBytes()).TranslateAddress(family));
        }

        return batch.Add(Nodes, Elements(table));
    }

    private static RuleExpressions IsMarked(RuleExpressions rule) => rule.Track(TrackMark).And(BitConverter.GetBytes(MarkMask)).Is(BitConverter.GetBytes(Mark));

    private static IEnumerable<SetElement> Elements(NetworkTable table) => table.Peers.Values.Where(peer => peer.Addresses.Length > 0)
        .Select(peer => new SetElement(BridgeEndpoint.MacOf(IpAddresses.OfCidr(peer.Addresses[0])).GetAddressBytes(), BitConverter.GetBytes(MarkOf(peer))));

    /// <summary>Of the node's first address on the network, whose last 24 bits no other node there has.</summary>
    private static int MarkOf(NetworkPeer peer) =>
        Mark | (BinaryPrimitives.ReadInt32BigEndian(IpAddresses.OfCidr(peer.Addresses[0]).GetAddressBytes().AsSpan()[^sizeof(int)..]) & NodeMask);

    private static (List<TableRoute> Routes, List<MarkRule> Rules) Routes(RouteSocket inside, string link, NetworkTable table)
    {
        var index = inside.FindLink(link)?.Index ?? throw new IOException($"link {link} of a container is gone");
        var ways = table.Peers.Values.SelectMany(peer => peer.Addresses.Select(address => (Mark: MarkOf(peer), By: IpAddresses.OfCidr(address)))).ToList();
        return (
            [.. ways.Select(way => new TableRoute(way.Mark, new IPNetwork(way.By.IsIPv6() ? IPAddress.IPv6Any : IPAddress.Any, 0), way.By, index))],
            [.. ways.Select(way => new MarkRule(way.By.IsIPv6(), Priority, way.Mark, -1, way.Mark))]);
    }

    /// <summary>Elements are equal that are of the same bytes.</summary>
    private sealed class ByKey : IEqualityComparer<SetElement>
    {
        public bool Equals(SetElement one, SetElement other) => one.Key.AsSpan().SequenceEqual(other.Key) && one.Value.AsSpan().SequenceEqual(other.Value);

        public int GetHashCode(SetElement element) => element.Key.Aggregate(0, HashCode.Combine);
    }
}
