using System.Collections.Immutable;
using System.Net;
using Swarm.Networking.Ipam;

namespace Swarm.Networking.Bridge;

/// <summary>The networks of one daemon: where they are kept, what the default <c>bridge</c> is like, and what user networks begin with.</summary>
/// <param name="RunFolder">
/// Holds the namespaces' files (netns/) and what is known of each container's endpoints (endpoints/). It may be on a tmpfs: both live as long as
/// the kernel's namespaces do, and no longer.
/// </param>
/// <param name="InstanceId">Anything that stays the same for this node: the predefined networks' ids are made of it.</param>
public sealed record BridgeOptions(string RunFolder, string InstanceId)
{
    /// <summary>What survives a reboot: the user networks, one file each.</summary>
    public string StateFolder { get; init; } = Path.Combine(RunFolder, "networks");

    /// <summary>
    /// The default bridge's link, at most 15 bytes. It is what tells daemons in one namespace apart: the nftables table is named after it.
    /// </summary>
    public string LinkName { get; init; } = "swarm0";

    /// <summary>The gateway and its network, as of Docker's --bip (<c>10.10.0.1/24</c>); null: one of the defaults that the host does not use.</summary>
    public InterfaceAddress? Address { get; init; }

    /// <summary>The same for IPv6 (--bip6); null with <see cref="EnableIPv6"/>: one of the defaults.</summary>
    public InterfaceAddress? Address6 { get; init; }

    /// <summary>--ipv6: the default bridge has IPv6 too.</summary>
    public bool EnableIPv6 { get; init; }

    /// <summary>--fixed-cidr and --fixed-cidr-v6: the part of the default bridge's subnet that containers get addresses of.</summary>
    public IPNetwork? FixedCidr { get; init; }

    /// <inheritdoc cref="FixedCidr"/>
    public IPNetwork? FixedCidr6 { get; init; }

    /// <summary>--default-gateway: what containers of the default bridge route by, in place of the bridge.</summary>
    public IPAddress? DefaultGateway { get; init; }

    /// <inheritdoc cref="DefaultGateway"/>
    public IPAddress? DefaultGateway6 { get; init; }

    /// <summary>--icc: containers of the default bridge reach each other.</summary>
    public bool Icc { get; init; } = true;

    /// <summary>--ip-masq, of the default bridge.</summary>
    public bool Masquerade { get; init; } = true;

    /// <summary>--ip: where ports of the default bridge are published that name no address; null: everywhere.</summary>
    public IPAddress? HostBinding { get; init; }

    /// <summary>--iptables; without it no rule is made, and no port published.</summary>
    public bool ManagesFirewall { get; init; } = true;

    /// <summary>False (--bridge=none): there is no default network.</summary>
    public bool HasBridge { get; init; } = true;

    /// <summary>--ip-forward: the host's forwarding is switched on.</summary>
    public bool Forwards { get; init; } = true;

    /// <summary>Bytes; 0: that of the link of the default route, or 1500.</summary>
    public int Mtu { get; init; }

    /// <summary>--default-address-pool.</summary>
    public ImmutableArray<DefaultPool> DefaultPools { get; init; } = Ipam.DefaultPools.Docker;

    /// <summary>--default-network-opt: options by driver that a new network gets which does not name them.</summary>
    public ImmutableDictionary<string, ImmutableDictionary<string, string>> DefaultNetworkOptions { get; init; } =
        ImmutableDictionary<string, ImmutableDictionary<string, string>>.Empty;
}
