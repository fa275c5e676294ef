using Swarm.Api.Wire;
using Swarm.Compose.Tree;

namespace Swarm.Compose.Conversion;

/// <summary>Networks of a stack. Those that no service uses are not made, as in Docker.</summary>
internal static class NetworkConversion
{
    internal const string Default = "default";

    /// <summary>Networks of the node, which are always there and never part of the cluster's store.</summary>
    internal static bool IsOfNode(string name) => name is "host" or "none" or "bridge";

    internal static IReadOnlyList<StackNetwork> Convert(ConversionContext context)
    {
        var networks = context.All("networks").Select(one => One(one.Key, one.Section, context)).Where(one => context.UsedNetworks.Contains(one.Key)).ToList();
        if (context.UsedNetworks.Contains(Default) && networks.TrueForAll(one => one.Key != Default))
        {
            var name = context.Scoped(Default);
            networks.Add(new StackNetwork(Default, name, new NetworkCreateRequest { Name = name, Driver = "overlay", Labels = Labels(context, null) }));
        }

        return networks;
    }

    private static StackNetwork One(string key, Section section, ConversionContext context)
    {
        var (name, isExternal) = context.NameOf(key, section);
        var request = new NetworkCreateRequest
        {
            Name = name,
            Driver = section.Text("driver") ?? "overlay",
            Options = Plain(section.Pairs("driver_opts")),
            Attachable = section.Flag("attachable") ?? false,
            Internal = section.Flag("internal") ?? false,
            EnableIPv4 = section.Flag("enable_ipv4"),
            EnableIPv6 = section.Flag("enable_ipv6"),
            IPAM = section.Map("ipam") is { } ipam ? Ipam(ipam) : null,
            Labels = Labels(context, LabelsOf(section)),
        };
        section.End();
        return new StackNetwork(key, name, isExternal ? null : request);
    }

    private static IPAMRequest Ipam(Section ipam)
    {
        var request = new IPAMRequest
        {
            Driver = ipam.Text("driver"),
            Options = Plain(ipam.Pairs("options")),
            Config = [.. ipam.Maps("config").Select(config =>
            {
                var one = new IPAMConfig
                {
                    Subnet = config.Text("subnet"),
                    IPRange = config.Text("ip_range"),
                    Gateway = config.Text("gateway"),
                    AuxiliaryAddresses = Plain(config.Pairs("aux_addresses")),
                };
                config.End();
                return one;
            })],
        };
        ipam.End();
        return request;
    }

    /// <summary>A list of key=value, or a map.</summary>
    internal static IReadOnlyDictionary<string, string?>? LabelsOf(Section section, string key = "labels") => section.Value(key) switch
    {
        ComposeList => section.Texts(key)!.Select(text => text.Split('=', 2)).ToDictionary(parts => parts[0], string? (parts) => parts.Length > 1 ? parts[1] : ""),
        _ => section.Pairs(key),
    };

    private static Dictionary<string, string> Labels(ConversionContext context, IReadOnlyDictionary<string, string?>? labels) =>
        Plain(StackLabels.With(context.Stack, labels))!;

    private static Dictionary<string, string>? Plain(IReadOnlyDictionary<string, string?>? pairs) =>
        pairs?.ToDictionary(pair => pair.Key, pair => pair.Value ?? "", StringComparer.Ordinal);
}
