using System.Net;
using System.Net.NetworkInformation;
using Swarm.Linux;
using Swarm.Model;
using Swarm.Networking.Bridge;
using Swarm.Networking.Ipam;
using Swarm.Networking.Netlink;
using Swarm.Networking.Overlay.Sealing;

namespace Swarm.Networking.Overlay;

/// <summary>
/// The bridges and VXLAN links of the cluster's networks, all in one namespace that has nothing else: the host's addresses, routes and firewall do not meet them, and
/// two daemons of a host do not either. The VXLAN links' own packets come and go by the host. What is behind a node is written, never asked or learned.
/// </summary>
internal sealed class OverlayLinks(RouteSocket hostRoute, SealedPath sealedPath, string folder) : IDisposable
{
    private const string MtuOption = "com.docker.network.driver.mtu";
    private const int UsualMtu = 1500, Overhead = 50, Overhead6 = 70; // RFC 7348: outer Ethernet, IP, UDP and VXLAN headers

    private readonly string path = Path.Combine(folder, "netns");
    private readonly Dictionary<string, (OverlayLink Link, Dictionary<object, LinkEntry> Entries)> links = [];

    /// <summary>By network and address: the bridge port of what is here itself.</summary>
    private readonly Dictionary<(string NetworkId, PhysicalAddress Mac), int> places = [];
    private NetworkNamespace? space;
    private RouteSocket? route;

    public bool IsThere => space is not null;

    /// <summary>The namespace that the bridges are in.</summary>
    public NetworkNamespace Space => space ?? throw new InvalidOperationException("there is no network of a cluster");

    public RouteSocket Route => route ?? throw new InvalidOperationException("there is no network of a cluster");

    public OverlayLink? Find(string networkId) => links.TryGetValue(networkId, out var found) ? found.Link : null;

    /// <summary>Makes the network's links and writes what has come. What has gone stays until <see cref="Trim"/>.</summary>
    /// <exception cref="NetworkFault">The kernel refuses.</exception>
    public OverlayLink Put(string nodeId, NetworkTable table)
    {
        Enter();
        var tunnel = TunnelOf(nodeId, table);
        var name = table.Network.Annotations.Name;
        try
        {
            if (table.Keys is not null)
            {
                sealedPath.Enter(PlaceOf(nodeId, table));
                sealedPath.Put(new SealedNetwork(nodeId, table, SealedPath.PortOf(table)));
            }

            var had = links.GetValueOrDefault(table.Network.Id);
            var (link, known) = had.Link is { } present && present.Tunnel == tunnel && Stands(present) ? had
                : had.Link is null && Left(table.Network.Id, tunnel) is { } left ? left
                : (Make(table, tunnel), []);
            if (had.Link is not null && had.Link.Index != link.Index)
            {
                ForgetPlaces(table.Network.Id); // they are on no bridge until they are put on the new one
            }

            foreach (var local in Local(table.Network.Id))
            {
                known.TryAdd(About(local), local); // a tunnel that was made anew took nothing of theirs with it
            }

            var wanted = Wanted(nodeId, table, link);
            Route.Put([.. wanted.Where(pair => !pair.Value.Equals(known.GetValueOrDefault(pair.Key))).Select(pair => pair.Value)]);
            foreach (var (key, entry) in wanted)
            {
                known[key] = entry;
            }

            links[table.Network.Id] = (link, known);
            return link;
        }
        catch (NetlinkException error) when (error.AlreadyExists)
        {
            throw new NetworkFault(
                NetworkFaultKind.Refused,
                $"network {name}: the VXLAN identifier {tunnel.Vni} is taken at UDP port {tunnel.Port} of this host, by another daemon or by a link that somebody made (ip -d link show type vxlan); "
                + "a cluster of its own port is made with --data-path-port",
                error);
        }
        catch (Exception error) when (error is NetlinkException or InvalidDataException)
        {
            throw new NetworkFault(NetworkFaultKind.Refused, $"network {name} cannot be made on this node: {error.Message}", error);
        }
        catch (NetworkFault fault)
        {
            throw new NetworkFault(fault.Kind, $"network {name} cannot be made on this node: {fault.Message}", fault);
        }
    }

    /// <summary>Removes what the table does not name any more.</summary>
    public void Trim(string nodeId, NetworkTable table)
    {
        if (!links.TryGetValue(table.Network.Id, out var found))
        {
            return;
        }

        var wanted = Wanted(nodeId, table, found.Link);
        var stale = found.Entries.Where(pair => !wanted.ContainsKey(pair.Key)).ToList();
        Route.Remove([.. stale.Select(pair => pair.Value)]);
        stale.ForEach(pair => found.Entries.Remove(pair.Key));
    }

    /// <summary>
    /// Something with that address is behind a bridge port of this node: nothing is flooded to find it. A table that has the address at another node is newer, as
    /// nothing is put on a network before its table names it, and stays right.
    /// </summary>
    public void Place(string networkId, PhysicalAddress mac, int portIndex)
    {
        var (link, known) = links[networkId];
        var entry = new LinkEntry(LinkEntryKind.Port, portIndex, mac, null);
        if (known.GetValueOrDefault(About(entry))?.LinkIndex != link.TunnelIndex)
        {
            Route.Put([entry]);
            known[About(entry)] = entry;
        }

        places[(networkId, mac)] = portIndex;
    }

    /// <summary>The opposite of <see cref="Place"/>; safe to repeat.</summary>
    public void Unplace(string networkId, PhysicalAddress mac)
    {
        if (!places.Remove((networkId, mac), out var portIndex))
        {
            return;
        }

        var entry = new LinkEntry(LinkEntryKind.Port, portIndex, mac, null);
        var known = links[networkId].Entries;
        if (entry.Equals(known.GetValueOrDefault(About(entry))))
        {
            Route.Remove([entry]);
            known.Remove(About(entry));
        }
    }

    /// <summary>What the kernel has less or more than the table.</summary>
    public IEnumerable<string> Faults(string nodeId, NetworkTable table)
    {
        var link = links[table.Network.Id].Link;
        var wanted = Wanted(nodeId, table, link).Values.ToHashSet();
        var present = Route.Entries([link.TunnelIndex, .. Local(table.Network.Id).Select(local => local.LinkIndex)]).ToHashSet();
        return wanted.Except(present).Select(entry => $"{Text(entry)} is missing")
            .Concat(present.Except(wanted).Where(entry => entry.Kind == LinkEntryKind.Tunnel).Select(entry => $"{Text(entry)} is too much"));

        static string Text(LinkEntry entry) => $"{entry.Kind.ToString().ToLowerInvariant()} entry of {BridgeEndpoint.TextOf(entry.Mac)}{(entry.Address is { } address ? $" and {address}" : "")}";
    }

    /// <returns>Whether none is left, and so <see cref="Leave"/> is due.</returns>
    public bool Remove(string networkId)
    {
        if (links.Remove(networkId, out var found))
        {
            Route.TryDeleteLink(found.Link.TunnelName);
            Route.TryDeleteLink(found.Link.Name);
            sealedPath.Remove(found.Link.Tunnel.Vni);
            ForgetPlaces(networkId);
        }

        return links.Count == 0;
    }

    /// <summary>Removes bridges of networks that there are not any more, as a crash leaves them.</summary>
    public void RemoveStrays()
    {
        sealedPath.RemoveStray();
        if (space is null)
        {
            return;
        }

        var known = links.Values.SelectMany(found => new[] { found.Link.Name, found.Link.TunnelName }).ToHashSet();
        foreach (var stray in Route.Links().Where(link => link.Kind is "bridge" or "vxlan" && !known.Contains(link.Name)))
        {
            Route.TryDeleteLink(stray.Name);
        }
    }

    /// <summary>Whether somebody took a link away.</summary>
    public bool Stands(OverlayLink link) =>
        Route.FindLink(link.Name)?.Index == link.Index && Route.FindLink(link.TunnelName)?.Index == link.TunnelIndex;

    /// <summary>The namespace that an earlier daemon left, if it did.</summary>
    public void Adopt()
    {
        if (NetworkNamespace.IsNamespace(path))
        {
            Enter();
        }
    }

    /// <summary>Nothing is left.</summary>
    public void Leave()
    {
        links.Clear();
        places.Clear();
        sealedPath.Leave();
        Dispose();
        NetworkNamespace.Delete(path);
    }

    public void Dispose()
    {
        route?.Dispose();
        space?.Dispose();
        (route, space) = (null, null);
    }

    private void Enter()
    {
        if (space is not null)
        {
            return;
        }

        space = NetworkNamespace.IsNamespace(path) ? NetworkNamespace.Open(path) : NetworkNamespace.Create(path);
        route = space.Run(() =>
        {
            // Frames between containers pass no rules of anybody.
            foreach (var family in (ReadOnlySpan<string>)["arp", "ip", "ip6"])
            {
                var setting = $"net/bridge/bridge-nf-call-{family}tables";
                if (Sysctl.Get(setting) is not null)
                {
                    Sysctl.Set(setting, "0");
                }
            }

            if (Sysctl.Get("net/ipv6/conf/default/disable_ipv6") is not null)
            {
                Sysctl.Set("net/ipv6/conf/default/disable_ipv6", "1"); // the links are nobody's neighbours themselves
            }

            return new RouteSocket();
        });
    }

    /// <summary>The links of an earlier daemon, if they are as they would be made now, with what it wrote there.</summary>
    private (OverlayLink Link, Dictionary<object, LinkEntry> Entries)? Left(string networkId, VxlanLink tunnel) =>
        Route.FindLink(NameOf(networkId)) is { } bridge && Route.FindLink(tunnel.Name) is { } link && link.Alias == tunnel.ToString() && link.MasterIndex == bridge.Index
            ? (new OverlayLink(bridge.Name, bridge.Index, link.Name, link.Index, tunnel), Route.Entries(link.Index).GroupBy(About).ToDictionary(same => same.Key, same => same.Last()))
            : null;

    private static string NameOf(string networkId) => NodeLinks.BridgePrefix + networkId[..Math.Min(networkId.Length, 12)];

    private OverlayLink Make(NetworkTable table, VxlanLink tunnel)
    {
        var name = NameOf(table.Network.Id);
        Route.TryDeleteLink(tunnel.Name);
        if (Route.FindLink(name) is null)
        {
            Route.AddBridge(name);
        }

        (table.Keys is null ? hostRoute : sealedPath.Route).AddVxlan(tunnel, Space);
        if (table.Network.EnableIPv6)
        {
            Space.Run(() =>
            {
                const string generateNone = "1";
                Sysctl.Set($"net/ipv6/conf/{tunnel.Name}/addr_gen_mode", generateNone); // it answers for others and has no address
                Sysctl.Set($"net/ipv6/conf/{tunnel.Name}/disable_ipv6", "0");
            });
        }

        Route.SetMaster(tunnel.Name, name);
        Route.SetLearning(tunnel.Name, on: false);
        Route.SetMtu(name, tunnel.Mtu);
        Route.SetUp(tunnel.Name);
        Route.SetUp(name);
        Route.SetAlias(tunnel.Name, tunnel.ToString()); // last: what has it is whole
        return new OverlayLink(name, Route.FindLink(name)!.Index, tunnel.Name, Route.FindLink(tunnel.Name)!.Index, tunnel);
    }

    private VxlanLink TunnelOf(string nodeId, NetworkTable table)
    {
        var address = AddressOf(nodeId, table);
        var (isTheHosts, carried) = Underlay(address);
        if (table.Keys is not null)
        {
            carried = SealedPath.MtuOf(carried, address?.IsIPv6() == true);
        }

        var mtu = table.Network.Driver.Options.TryGetValue(MtuOption, out var asked) && int.TryParse(asked, out var bytes) && bytes > 0
            ? bytes
            : Math.Min(carried, ushort.MaxValue) - (address?.IsIPv6() == true ? Overhead6 : Overhead);
        // An address that the host does not have (the other side of a translation) is not one to send from; the sealed path has it always.
        return new VxlanLink("vx-" + table.Network.Id[..Math.Min(table.Network.Id.Length, 12)], table.Network.Vni, isTheHosts || table.Keys is not null ? address : null, table.DataPathPort, mtu);
    }

    /// <exception cref="NetworkFault">Nobody knows yet where this node is.</exception>
    private SealedPathPlace PlaceOf(string nodeId, NetworkTable table)
    {
        var own = AddressOf(nodeId, table) ?? throw new NetworkFault(NetworkFaultKind.Refused, "this node's own address is not known yet");
        var (isTheHosts, mtu) = Underlay(own);
        return new SealedPathPlace(own, isTheHosts, mtu, table.DataPathPort, SealedPath.PortOf(table));
    }

    private (bool IsTheHosts, int Mtu) Underlay(IPAddress? address) => hostRoute.Addresses().FirstOrDefault(found => found.Address.Equals(address)) is { } underlay
        ? (true, hostRoute.Links().First(link => link.Index == underlay.LinkIndex).Mtu)
        : (false, UsualMtu);

    private static IPAddress? AddressOf(string nodeId, NetworkTable table) =>
        table.Peers.GetValueOrDefault(nodeId) is { Underlay.Length: > 0 } self ? IPAddress.Parse(self.Underlay) : null;

    /// <summary>By what each is about, so that another one takes its place.</summary>
    private Dictionary<object, LinkEntry> Wanted(string nodeId, NetworkTable table, OverlayLink link)
    {
        var entries = new Dictionary<object, LinkEntry>();
        foreach (var local in Local(table.Network.Id))
        {
            Add(local);
        }

        var remote = table.Endpoints.Values.Select(endpoint => (endpoint.NodeId, endpoint.Addresses))
            .Concat(table.Peers.Select(peer => (NodeId: peer.Key, peer.Value.Addresses)));
        foreach (var (node, addresses) in remote.Where(place => place.NodeId != nodeId && place.Addresses.Length > 0))
        {
            if (table.Peers.GetValueOrDefault(node) is not { Underlay.Length: > 0 } peer)
            {
                continue;
            }

            var all = addresses.Select(IpAddresses.OfCidr).ToList();
            var mac = BridgeEndpoint.MacOf(all[0]);
            Add(new LinkEntry(LinkEntryKind.Tunnel, link.TunnelIndex, mac, IPAddress.Parse(peer.Underlay)));
            Add(new LinkEntry(LinkEntryKind.Port, link.TunnelIndex, mac, null));
            all.ForEach(address => Add(new LinkEntry(LinkEntryKind.Neighbour, link.TunnelIndex, mac, address)));
        }

        return entries;

        void Add(LinkEntry entry) => entries[About(entry)] = entry;
    }

    private IEnumerable<LinkEntry> Local(string networkId) =>
        places.Where(place => place.Key.NetworkId == networkId).Select(place => new LinkEntry(LinkEntryKind.Port, place.Value, place.Key.Mac, null));

    private void ForgetPlaces(string networkId)
    {
        foreach (var place in places.Keys.Where(place => place.NetworkId == networkId).ToList())
        {
            places.Remove(place);
        }
    }

    private static object About(LinkEntry entry) => (entry.Kind, entry.Kind == LinkEntryKind.Neighbour ? (object)entry.Address! : entry.Mac);
}

/// <summary>A network's links on this node.</summary>
/// <param name="Name">Of the bridge.</param>
internal sealed record OverlayLink(string Name, int Index, string TunnelName, int TunnelIndex, VxlanLink Tunnel);
