using System.Collections.Immutable;
using System.Globalization;

namespace Swarm.Networking.Networks;

/// <summary>The macvlan driver's options of a network, read.</summary>
/// <param name="Parent">The host's link that containers have theirs on.</param>
/// <param name="Mode">How they reach each other: MACVLAN_MODE_ of linux/if_link.h.</param>
/// <param name="IsDummy">Nobody named a parent, or the network is internal: its containers reach each other and nothing else.</param>
internal sealed record MacvlanSettings(string Parent, int Mode, bool IsDummy)
{
    public const string ParentOption = "parent", ModeOption = "macvlan_mode";
    public const int Passthru = 8;

    private const int Private = 1, Vepa = 2, Bridge = 4, MaximumNameBytes = 15, FirstVlan = 1, LastVlan = 4094;

    /// <summary>The parent's parent and the VLAN identifier (802.1Q) of a name such as eth0.10; null: it is no such name.</summary>
    public (string Base, int Vlan)? SubInterface => Parent.LastIndexOf('.') is var dot and > 0
        && int.TryParse(Parent.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var vlan) && vlan is >= FirstVlan and <= LastVlan
        ? (Parent[..dot], vlan)
        : null;

    /// <exception cref="NetworkFault">An option makes no sense.</exception>
    public static MacvlanSettings Read(string networkId, ImmutableSortedDictionary<string, string> options, bool isInternal)
    {
        var parent = options.GetValueOrDefault(ParentOption) is { Length: > 0 } asked && !isInternal ? asked : "";
        if (parent.Length > MaximumNameBytes || parent == "lo" || parent.Any(letter => letter is '/' or ':' || char.IsWhiteSpace(letter) || char.IsControl(letter) || !char.IsAscii(letter)))
        {
            throw new NetworkFault(NetworkFaultKind.Invalid, parent == "lo" ? "loopback interface is not a valid macvlan parent link" : $"invalid value for option {ParentOption}: \"{parent}\"");
        }

        var mode = options.GetValueOrDefault(ModeOption) switch
        {
            null or "" or "bridge" => Bridge,
            "private" => Private,
            "vepa" => Vepa,
            "passthru" => Passthru,
            var unknown => throw new NetworkFault(NetworkFaultKind.Invalid, $"requested macvlan mode '{unknown}' is not valid, 'bridge' mode is the macvlan driver default"),
        };
        return new MacvlanSettings(parent.Length > 0 ? parent : "dm-" + networkId[..12], mode, parent.Length == 0);
    }
}
