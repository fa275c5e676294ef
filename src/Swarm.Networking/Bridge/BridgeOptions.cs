using System.Net;

namespace Swarm.Networking.Bridge;

/// <summary>The default bridge network of one daemon.</summary>
/// <param name="RunFolder">
/// Holds the namespaces' files (netns/) and what is known of each endpoint (endpoints/). It may be on a tmpfs: both live as long as the kernel's
/// namespaces do, and no longer.
/// </param>
/// <param name="InstanceId">Anything that stays the same for this node: the networks' ids are made of it.</param>
public sealed record BridgeOptions(string RunFolder, string InstanceId)
{
    /// <summary>
    /// The bridge's link, at most 15 bytes. It is what tells daemons in one namespace apart: the nftables table is named after it.
    /// </summary>
    public string LinkName { get; init; } = "swarm0";

    /// <summary>The gateway and its network, as of Docker's --bip (<c>10.10.0.1/24</c>); null: one of the defaults that the host does not use.</summary>
    public InterfaceAddress? Address { get; init; }

    /// <summary>Bytes; 0: that of the link of the default route, or 1500.</summary>
    public int Mtu { get; init; }

    /// <summary>False (Docker's --bridge=none): there is no default network; who asks for it gets a loopback link alone.</summary>
    public bool HasBridge { get; init; } = true;

    /// <summary>Part of the bridge's network that containers get addresses of (--fixed-cidr); null: all of it.</summary>
    public IPNetwork? ContainerRange { get; init; }

    /// <summary>Containers' default route (--default-gateway); null: the bridge.</summary>
    public IPAddress? ContainerGateway { get; init; }

    /// <summary>Whether containers reach each other on the bridge (--icc).</summary>
    public bool ContainersMeet { get; init; } = true;

    /// <summary>Whether what leaves the bridge's network takes the host's address (--ip-masq).</summary>
    public bool Masquerades { get; init; } = true;

    /// <summary>Whether there are firewall rules at all (--iptables): without them no port is published.</summary>
    public bool HasRules { get; init; } = true;

    /// <summary>Whether the host's forwarding is switched on (--ip-forward).</summary>
    public bool Forwards { get; init; } = true;
}

/// <summary>An address and the prefix length of its network.</summary>
public readonly record struct InterfaceAddress(IPAddress Address, int PrefixLength)
{
    /// <param name="text">Of the form 10.10.0.1/24.</param>
    /// <exception cref="NetworkFault">It is not an IPv4 address with a prefix.</exception>
    public static InterfaceAddress Parse(string text)
    {
        var slash = text.IndexOf('/');
        return slash > 0 && IPAddress.TryParse(text[..slash], out var address) && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork
            && int.TryParse(text[(slash + 1)..], out var prefix) && prefix is >= Ipam.AddressPool.ShortestPrefix and <= Ipam.AddressPool.LongestPrefix
            ? new InterfaceAddress(address, prefix)
            : throw new NetworkFault(
                NetworkFaultKind.Invalid,
                $"invalid bridge address \"{text}\": an IPv4 address with a prefix of {Ipam.AddressPool.ShortestPrefix} to {Ipam.AddressPool.LongestPrefix}, such as 10.10.0.1/24");
    }

    public IPNetwork Network => Ipam.Subnets.Of(Address, PrefixLength);

    public override string ToString() => $"{Address}/{PrefixLength}";
}
