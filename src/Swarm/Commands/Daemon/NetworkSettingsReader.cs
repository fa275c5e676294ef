using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Swarm.Networking;
using Swarm.Networking.Ipam;

namespace Swarm.Commands;

/// <summary>The flags of the default network.</summary>
internal static class NetworkSettingsReader
{
    private const string NoBridge = "none";

    /// <exception cref="FlagException">A wrong value.</exception>
    public static NetworkSettings Read(FlagValues values, DaemonPersona persona)
    {
        var bridge = values.Given("bridge");
        if (bridge is not null and not NoBridge && values.Given("bip") is not null && persona.Program == DaemonPersona.Dockerd.Program)
        {
            throw new FlagException("You specified -b & --bip, mutually exclusive options. Please specify only one");
        }

        var address = values.Given("bip") is { } bip ? Checked(() => InterfaceAddress.Parse(bip)) : (InterfaceAddress?)null;
        var address6 = values.Given("bip6") is { } bip6 ? Checked(() => InterfaceAddress.Parse6(bip6)) : (InterfaceAddress?)null;
        return new NetworkSettings
        {
            Bridge = Name(bridge ?? persona.Bridge),
            BridgeIsAsked = bridge is not null,
            BridgeAddress = address,
            BridgeAddress6 = address6,
            IPv6 = values.Bool("ipv6"),
            ContainerRange = values.Given("fixed-cidr") is { } range ? Range("fixed-cidr", range, AddressFamily.InterNetwork, address) : null,
            ContainerRange6 = values.Given("fixed-cidr-v6") is { } range6 ? Range("fixed-cidr-v6", range6, AddressFamily.InterNetworkV6, address6) : null,
            DefaultGateway = values.Address("default-gateway"),
            DefaultGateway6 = values.Address("default-gateway-v6"),
            PublishAddress = values.Address("ip") is { } publish && !publish.Equals(IPAddress.Any) && !publish.Equals(IPAddress.IPv6Any) ? publish : null,
            Mtu = values.Number("mtu"),
            ContainersMeet = values.Bool("icc", true),
            Masquerade = values.Bool("ip-masq", true),
            Rules = Rules(values),
            Forwarding = values.Bool("ip-forward", true),
            AddressPools = [.. values.All("default-address-pool").Select(Pool)],
            DriverOptions = DriverOptions(values),
        };
    }

    private static string Name(string name) => name.Length is > 0 and < 16 && !name.Contains('/', StringComparison.Ordinal) && !name.Any(char.IsWhiteSpace)
        ? name
        : throw new FlagException($"invalid bridge name \"{name}\": a link's name has 1 to 15 letters, without spaces and slashes");

    private static InterfaceAddress Checked(Func<InterfaceAddress> parse)
    {
        try
        {
            return parse();
        }
        catch (NetworkFault fault)
        {
            throw new FlagException(fault.Message);
        }
    }

    private static IPNetwork Range(string flag, string text, AddressFamily family, InterfaceAddress? bridge)
    {
        // Docker takes 172.17.5.3/24 for the network it is in.
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !IPAddress.TryParse(text[..slash], out var address) || address.AddressFamily != family
            || !int.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var length) || length > (family == AddressFamily.InterNetwork ? 32 : 128))
        {
            throw new FlagException($"invalid {flag}: \"{text}\" is not an {(family == AddressFamily.InterNetwork ? "IPv4 network, such as 172.17.5.0/24" : "IPv6 network, such as fd00:1::/64")}");
        }

        var range = Subnets.Of(address, length);
        return bridge is not { } asked || (asked.Network.Contains(range.BaseAddress) && length >= asked.PrefixLength)
            ? range
            : throw new FlagException($"invalid {flag}: {text} is not part of the bridge's network {asked.Network}");
    }

    private static bool Rules(FlagValues values)
    {
        var rules = values.Bool("iptables", true);
        return rules || values.Bool("icc", true)
            ? rules
            : throw new FlagException("You specified --iptables=false with --icc=false. ICC=false uses iptables to function. Please set --icc or --iptables to true");
    }

    /// <summary>base=172.30.0.0/16,size=24</summary>
    private static DefaultPool Pool(string text)
    {
        IPNetwork? network = null;
        var size = 0;
        foreach (var field in text.Split(','))
        {
            var parts = field.Split('=', 2);
            var (key, value) = (parts[0].Trim().ToLowerInvariant(), parts.ElementAtOrDefault(1)?.Trim() ?? "");
            _ = key switch
            {
                _ when parts.Length < 2 => throw Invalid($"invalid field '{field}' must be a key=value pair"),
                "base" when IPNetwork.TryParse(value, out var parsed) => (network = parsed).HasValue,
                "base" => throw Invalid($"invalid base prefix \"{value}\""),
                "size" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out size) => true,
                "size" => throw Invalid($"invalid size value: {value}"),
                _ => throw Invalid($"unexpected key '{key}' in '{field}'"),
            };
        }

        return network is { } found && size >= found.PrefixLength && size <= (found.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 30 : 128)
            ? new DefaultPool(found, size)
            : throw Invalid("it needs a base and a size that is no shorter than the base's own prefix");

        FlagException Invalid(string why) => new($"invalid default-address-pool \"{text}\": {why}");
    }

    /// <summary>driver=option=value</summary>
    private static ImmutableDictionary<string, ImmutableDictionary<string, string>> DriverOptions(FlagValues values)
    {
        var drivers = ImmutableDictionary<string, ImmutableDictionary<string, string>>.Empty;
        foreach (var text in values.All("default-network-opt"))
        {
            var parts = text.Split('=', 3);
            if (parts.Length < 3)
            {
                throw new FlagException($"invalid value '{text}' for default-network-opts: must be DRIVER=OPTION=VALUE");
            }

            drivers = drivers.SetItem(parts[0], (drivers.GetValueOrDefault(parts[0]) ?? ImmutableDictionary<string, string>.Empty).SetItem(parts[1], parts[2]));
        }

        return drivers;
    }
}
