using Swarm.Networking.Netlink;
using Swarm.Networking.Networks;

namespace Swarm.Networking.Bridge;

/// <summary>The host's link that the containers of a macvlan network have theirs on.</summary>
internal static class MacvlanParent
{
    private const int NotSupported = 95; // EOPNOTSUPP, errno(3)

    /// <summary>Makes it where it is ours to make: a dummy, or a VLAN of a link of the host's. Safe to repeat.</summary>
    /// <param name="mtu">Bytes; 0: the parent's.</param>
    /// <exception cref="NetworkFault">There is no such link, or the kernel has no such thing.</exception>
    public static BridgeLink Ensure(RouteSocket route, NetworkRecord network, int mtu)
    {
        var settings = SettingsOf(network);
        var parent = route.FindLink(settings.Parent) ?? Make(route, settings);
        if (mtu > parent.Mtu)
        {
            throw new NetworkFault(NetworkFaultKind.Invalid, $"mtu {mtu} of network {network.Name} is more than the {parent.Mtu} bytes of its parent {parent.Name}");
        }

        return new BridgeLink(parent.Name, parent.Index, mtu > 0 ? mtu : parent.Mtu, PassesRules: false);
    }

    public static MacvlanSettings SettingsOf(NetworkRecord network) => MacvlanSettings.Read(network.Id, network.Options, network.Internal);

    /// <summary>Whether the host has the parent already, and keeps it when the network goes.</summary>
    public static bool IsTheHosts(RouteSocket route, NetworkRecord network) => route.FindLink(SettingsOf(network).Parent) is not null;

    /// <summary>Finds out by making a link and taking it away again.</summary>
    /// <exception cref="NetworkFault">The kernel has no macvlan, or the parent takes none.</exception>
    public static void Probe(RouteSocket route, BridgeLink parent, NetworkRecord network)
    {
        var name = "mv-" + network.Id[..12];
        try
        {
            route.AddMacvlan(new MacvlanLink(name, parent.Index, SettingsOf(network).Mode, 0, null), null);
            route.DeleteLink(name);
        }
        catch (NetlinkException error)
        {
            throw new NetworkFault(
                error.Errno == NotSupported ? NetworkFaultKind.Unsupported : NetworkFaultKind.Refused,
                error.Errno == NotSupported ? "this host's kernel has no macvlan (CONFIG_MACVLAN)" : $"parent {parent.Name} takes no macvlan link: {error.Message}",
                error);
        }
    }

    /// <summary>A link that leads nowhere: where the kernel has no dummy, one end of a veth whose other end nobody uses.</summary>
    private static void MakeDummy(RouteSocket route, string name)
    {
        try
        {
            route.AddDummy(name);
        }
        catch (NetlinkException error) when (error.Errno == NotSupported)
        {
            var other = "dn-" + name[3..];
            route.AddVeth(new VethPair(name, 0, 0, other, null), null);
            route.SetUp(other);
        }
    }

    private static Link Make(RouteSocket route, MacvlanSettings settings)
    {
        if (settings.IsDummy)
        {
            MakeDummy(route, settings.Parent);
        }
        else if (settings.SubInterface is not var (name, vlan))
        {
            throw new NetworkFault(NetworkFaultKind.Invalid, $"invalid subinterface vlan name {settings.Parent}, example formatting is eth0.10");
        }
        else if (route.FindLink(name) is not { } under)
        {
            throw new NetworkFault(NetworkFaultKind.Invalid, $"failed to create the {settings.Parent} sub-interface: the requested parent interface {name} was not found on the host");
        }
        else
        {
            try
            {
                route.AddVlan(settings.Parent, under.Index, vlan);
            }
            catch (NetlinkException error)
            {
                throw new NetworkFault(
                    error.Errno == NotSupported ? NetworkFaultKind.Unsupported : NetworkFaultKind.Refused,
                    error.Errno == NotSupported ? $"sub-interface {settings.Parent}: this host's kernel has no VLANs (CONFIG_VLAN_8021Q)" : $"failed to create the {settings.Parent} sub-interface: {error.Message}",
                    error);
            }
        }

        route.SetUp(settings.Parent);
        return route.FindLink(settings.Parent) ?? throw new NetworkFault(NetworkFaultKind.Refused, $"link {settings.Parent} is gone");
    }
}
