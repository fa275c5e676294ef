using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text;

namespace Swarm.Networking.Networks;

/// <summary>The bridge driver's options of a network, read.</summary>
/// <param name="LinkName">At most 15 bytes.</param>
/// <param name="Icc">Its containers reach each other.</param>
/// <param name="Mtu">Bytes; 0: that of the link of the default route, or 1500.</param>
/// <param name="HostBinding">Where ports are published that name no address; null: everywhere.</param>
/// <param name="Mode4">How its containers are reached, and reach others, by IPv4.</param>
/// <param name="LinkPrefix">Of the links inside the containers.</param>
internal sealed record BridgeSettings(
    string LinkName, bool Icc, bool Masquerade4, bool Masquerade6, int Mtu, IPAddress? HostBinding, GatewayMode Mode4, GatewayMode Mode6, string LinkPrefix)
{
    public const string NameOption = "com.docker.network.bridge.name", IccOption = "com.docker.network.bridge.enable_icc",
        MasqueradeOption = "com.docker.network.bridge.enable_ip_masquerade", HostBindingOption = "com.docker.network.bridge.host_binding_ipv4",
        GatewayModeOption = "com.docker.network.bridge.gateway_mode_ipv4", GatewayModeOption6 = "com.docker.network.bridge.gateway_mode_ipv6",
        MtuOption = "com.docker.network.driver.mtu", LinkPrefixOption = "com.docker.network.container_iface_prefix",
        IPv4Option = "com.docker.network.enable_ipv4", IPv6Option = "com.docker.network.enable_ipv6";

    private const int MaximumNameBytes = 15, SmallestMtu = 68, LargestMtu = 65535; // IFNAMSIZ - 1; RFC 791; a length field of 16 bits
    private const string UsualLinkPrefix = "eth";

    /// <exception cref="NetworkFault">An option makes no sense, or is of a mode that is not built.</exception>
    public static BridgeSettings Read(string networkId, ImmutableSortedDictionary<string, string> options)
    {
        var masquerade = Bool(options, MasqueradeOption, true);
        return new BridgeSettings(
            LinkNameOf(networkId, options),
            Bool(options, IccOption, true),
            masquerade,
            masquerade,
            MtuOf(options),
            HostBindingOf(options),
            ModeOf(options, GatewayModeOption),
            ModeOf(options, GatewayModeOption6),
            options.GetValueOrDefault(LinkPrefixOption) is { Length: > 0 } prefix ? prefix : UsualLinkPrefix);
    }

    /// <exception cref="NetworkFault">The value is no truth value.</exception>
    public static bool Bool(ImmutableSortedDictionary<string, string> options, string name, bool otherwise) => options.GetValueOrDefault(name) switch
    {
        null or "" => otherwise,
        "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        var value => throw Invalid(name, value),
    };

    private static string LinkNameOf(string networkId, ImmutableSortedDictionary<string, string> options)
    {
        var name = options.GetValueOrDefault(NameOption) is { Length: > 0 } asked ? asked : "br-" + networkId[..12];
        return Encoding.UTF8.GetByteCount(name) <= MaximumNameBytes && name is not ("." or "..")
            && !name.Any(letter => letter is '/' or ':' or '"' or ';' or '\\' || char.IsWhiteSpace(letter) || char.IsControl(letter))
            ? name
            : throw Invalid(NameOption, name);
    }

    private static int MtuOf(ImmutableSortedDictionary<string, string> options) => options.GetValueOrDefault(MtuOption) is not { Length: > 0 } text ? 0
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var mtu) && mtu is 0 or (>= SmallestMtu and <= LargestMtu) ? mtu
        : throw Invalid(MtuOption, text);

    private static IPAddress? HostBindingOf(ImmutableSortedDictionary<string, string> options) => options.GetValueOrDefault(HostBindingOption) is not { Length: > 0 } text ? null
        : IPAddress.TryParse(text, out var address) ? (address.Equals(IPAddress.Any) ? null : address)
        : throw Invalid(HostBindingOption, text);

    public GatewayMode Mode(bool ipv6) => ipv6 ? Mode6 : Mode4;

    private static GatewayMode ModeOf(ImmutableSortedDictionary<string, string> options, string name) => options.GetValueOrDefault(name) switch
    {
        null or "" or "nat" => GatewayMode.Nat,
        "nat-unprotected" => GatewayMode.NatUnprotected,
        "routed" => GatewayMode.Routed,
        "isolated" => GatewayMode.Isolated,
        var mode => throw new NetworkFault(NetworkFaultKind.Invalid, $"unknown gateway mode {mode}"),
    };

    private static NetworkFault Invalid(string name, string value) => new(NetworkFaultKind.Invalid, $"invalid value for option {name}: \"{value}\"");
}

/// <summary>Docker's gateway modes of a bridge network, for each family.</summary>
internal enum GatewayMode
{
    /// <summary>Ports are published by the host's addresses; what is not published is out of reach from elsewhere.</summary>
    Nat,

    /// <summary>As <see cref="Nat"/>, and what is not published can be routed to.</summary>
    NatUnprotected,

    /// <summary>Nothing is translated: published ports are reached at the container's own address, others are not.</summary>
    Routed,

    /// <summary>Of internal networks: the host has no address on the bridge.</summary>
    Isolated,
}
