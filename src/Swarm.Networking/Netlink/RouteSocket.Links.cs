using System.Net.NetworkInformation;
using System.Runtime.InteropServices;
using System.Text;
using Swarm.Linux;
using static Swarm.Networking.Netlink.RouteConstants;

namespace Swarm.Networking.Netlink;

public sealed partial class RouteSocket
{
    private const ushort CreateNew = FlagAck | FlagCreate | FlagExclusive;

    public void AddBridge(string name, PhysicalAddress? mac = null) => AddLink(name, "bridge", mac);

    public void AddDummy(string name, PhysicalAddress? mac = null) => AddLink(name, "dummy", mac);

    /// <summary>Makes a veth pair: this side up, the peer down and straight in <paramref name="peerNamespace"/> (null: in this namespace).</summary>
    public void AddVeth(VethPair pair, NetworkNamespace? peerNamespace)
    {
        var request = LinkRequest(NewLink, CreateNew, 0).Add(LinkName, Checked(pair.Name));
        SetUpFlag(request.Fixed, up: true);
        if (pair.MasterIndex > 0)
        {
            request.Add(LinkMaster, pair.MasterIndex);
        }

        AddMtu(request, pair.Mtu).Nest(LinkInfo).Add(InfoKind, "veth"u8).Nest(InfoData).Nest(VethPeer);
        request.Reserve(LinkHeaderBytes); // its flags stay clear: the kernel configures the peer before it is one and answers ENOTCONN
        AddMtu(request, pair.Mtu).Add(LinkName, Checked(pair.PeerName));
        if (pair.PeerMac is { } mac)
        {
            request.Add(LinkHardwareAddress, mac.GetAddressBytes());
        }

        if (peerNamespace is not null)
        {
            request.Add(LinkNamespaceFd, (int)peerNamespace.Handle.DangerousGetHandle());
        }

        netlink.Change(request.End().End().End(), $"add veth {pair.Name} with peer {pair.PeerName}");
        GC.KeepAlive(peerNamespace);
    }

    /// <summary>Makes a macvlan link, down and straight in <paramref name="ns"/> (null: in this namespace); its parent is a link of this namespace.</summary>
    public void AddMacvlan(MacvlanLink link, NetworkNamespace? ns)
    {
        var request = AddMtu(LinkRequest(NewLink, CreateNew, 0).Add(LinkName, Checked(link.Name)).Add(LinkParent, link.ParentIndex), link.Mtu);
        if (link.Mac is { } mac)
        {
            request.Add(LinkHardwareAddress, mac.GetAddressBytes());
        }

        if (ns is not null)
        {
            request.Add(LinkNamespaceFd, (int)ns.Handle.DangerousGetHandle());
        }

        netlink.Change(request.Nest(LinkInfo).Add(InfoKind, "macvlan"u8).Nest(InfoData).Add(MacvlanMode, link.Mode).End().End(), $"add macvlan {link.Name}");
        GC.KeepAlive(ns);
    }

    /// <summary>A VLAN (802.1Q) of another link.</summary>
    public void AddVlan(string name, int parentIndex, int identifier) => netlink.Change(
        LinkRequest(NewLink, CreateNew, 0).Add(LinkName, Checked(name)).Add(LinkParent, parentIndex)
            .Nest(LinkInfo).Add(InfoKind, "vlan"u8).Nest(InfoData).Add(VlanId, BitConverter.GetBytes((ushort)identifier)).End().End(),
        $"add vlan {name}");

    /// <exception cref="NetlinkException">Also when there is no such link; see <see cref="TryDeleteLink"/>.</exception>
    public void DeleteLink(string name) =>
        netlink.Change(LinkRequest(RouteConstants.DeleteLink, FlagAck, 0).Add(LinkName, Checked(name)), $"delete link {name}");

    /// <returns>Whether there was one.</returns>
    public bool TryDeleteLink(string name) => Try(() => DeleteLink(name));

    public void SetUp(string name) => SetUpDown(name, up: true);

    public void SetDown(string name) => SetUpDown(name, up: false);

    /// <returns>Whether there is one.</returns>
    public bool TrySetDown(string name) => Try(() => SetDown(name));

    /// <param name="master">The bridge to become a port of; null: leave it.</param>
    public void SetMaster(string name, string? master) =>
        SetLink(name, $"make link {name} a port of {master ?? "nothing"}", request => request.Add(LinkMaster, master is null ? 0 : IndexOf(master)));

    public void SetMtu(string name, int mtu) => SetLink(name, $"set mtu {mtu} of link {name}", request => request.Add(LinkMtu, mtu));

    /// <summary>A text that the kernel keeps for a link, at most 255 bytes.</summary>
    public void SetAlias(string name, string alias) =>
        SetLink(name, $"set alias of link {name}", request => request.Add(LinkAlias, Encoding.UTF8.GetBytes(alias)));

    public void SetMac(string name, PhysicalAddress mac) =>
        SetLink(name, $"set address {mac} of link {name}", request => request.Add(LinkHardwareAddress, mac.GetAddressBytes()));

    /// <summary>The link must be down on older kernels (before 6.2).</summary>
    public void Rename(string name, string newName)
    {
        var index = IndexOf(name);
        netlink.Change(LinkRequest(NewLink, FlagAck, index).Add(LinkName, Checked(newName)), $"rename link {name} to {newName}");
    }

    public void MoveTo(string name, NetworkNamespace ns)
    {
        SetLink(name, $"move link {name} to namespace {ns.Path}", request => request.Add(LinkNamespaceFd, (int)ns.Handle.DangerousGetHandle()));
        GC.KeepAlive(ns);
    }

    /// <summary>Lets a bridge port send a frame back where it came from: a container that reaches itself by its published port.</summary>
    public void SetHairpin(string name, bool on) => SetLink(name, $"set hairpin of bridge port {name}", request => request
        .Nest(LinkInfo).Add(InfoSlaveKind, "bridge"u8).Nest(InfoSlaveData).Add(BridgePortMode, [on ? (byte)1 : (byte)0]).End().End());

    /// <summary>Keeps a bridge port from the other isolated ones; the bridge's own address and what is behind it stay in reach (ip-link(8)).</summary>
    public void SetIsolated(string name, bool on) => SetLink(name, $"set isolation of bridge port {name}", request => request
        .Nest(LinkInfo).Add(InfoSlaveKind, "bridge"u8).Nest(InfoSlaveData).Add(BridgePortIsolated, [on ? (byte)1 : (byte)0]).End().End());

    public IReadOnlyList<Link> Links() => netlink.Dump(() => LinkRequest(GetLink, FlagDump, 0), "list links", ParseLink);

    /// <returns>Null when there is no such link.</returns>
    public Link? FindLink(string name) => netlink.Get(LinkRequest(GetLink, 0, 0).Add(LinkName, Checked(name)), $"find link {name}", ParseLink);

    private void AddLink(string name, string kind, PhysicalAddress? mac)
    {
        var request = LinkRequest(NewLink, CreateNew, 0).Add(LinkName, Checked(name));
        if (mac is not null)
        {
            request.Add(LinkHardwareAddress, mac.GetAddressBytes());
        }

        netlink.Change(request.Nest(LinkInfo).Add(InfoKind, Encoding.ASCII.GetBytes(kind)).End(), $"add {kind} {name}");
    }

    private static bool Try(Action change)
    {
        try
        {
            change();
            return true;
        }
        catch (NetlinkException error) when (error.NotThere)
        {
            return false;
        }
    }

    private void SetUpDown(string name, bool up) => SetLink(name, $"set link {name} {(up ? "up" : "down")}", request =>
    {
        SetUpFlag(request.Fixed, up);
        return request;
    });

    private void SetLink(string name, string what, Func<NetlinkRequest, NetlinkRequest> fill) =>
        netlink.Change(fill(LinkRequest(NewLink, FlagAck, 0).Add(LinkName, Checked(name))), what);

    private int IndexOf(string name) => FindLink(name)?.Index ?? throw new NetlinkException($"find link {name}", NoDevice);

    private static NetlinkRequest LinkRequest(ushort type, ushort flags, int index)
    {
        var request = new NetlinkRequest(type, flags, LinkHeaderBytes);
        MemoryMarshal.Write(request.Fixed[4..], index);
        return request;
    }

    private static NetlinkRequest AddMtu(NetlinkRequest request, int mtu) => mtu > 0 ? request.Add(LinkMtu, mtu) : request;

    /// <summary>struct ifinfomsg: ifi_flags at 8, ifi_change (which of them to set) at 12.</summary>
    private static void SetUpFlag(Span<byte> header, bool up)
    {
        MemoryMarshal.Write(header[8..], up ? InterfaceUp : 0);
        MemoryMarshal.Write(header[12..], InterfaceUp);
    }

    private static string Checked(string name) => name.Length > 0 && Encoding.UTF8.GetByteCount(name) <= MaximumNameBytes
        ? name
        : throw new ArgumentException($"link name \"{name}\": 1 to {MaximumNameBytes} bytes");

    private static Link? ParseLink(ReadOnlySpan<byte> payload)
    {
        string name = "", kind = "", alias = "";
        int mtu = 0, master = 0;
        var mac = PhysicalAddress.None;
        var attributes = new NetlinkAttributes(payload[LinkHeaderBytes..]);
        while (attributes.Next())
        {
            switch (attributes.Type)
            {
                case LinkName:
                    name = attributes.Text;
                    break;
                case LinkAlias:
                    alias = attributes.Text;
                    break;
                case LinkMtu:
                    mtu = attributes.Int32;
                    break;
                case LinkMaster:
                    master = attributes.Int32;
                    break;
                case LinkHardwareAddress:
                    mac = new PhysicalAddress(attributes.Value.ToArray());
                    break;
                case LinkInfo:
                    var info = new NetlinkAttributes(attributes.Value);
                    while (info.Next())
                    {
                        kind = info.Type == InfoKind ? info.Text : kind;
                    }

                    break;
            }
        }

        var up = (MemoryMarshal.Read<uint>(payload[8..]) & InterfaceUp) != 0;
        return new Link(MemoryMarshal.Read<int>(payload[4..]), name, kind, up, mtu, mac, master) { Alias = alias };
    }
}
