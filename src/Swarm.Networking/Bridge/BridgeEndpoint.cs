using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using Swarm.Networking.Ipam;

namespace Swarm.Networking.Bridge;

/// <summary>A container's place on one network.</summary>
/// <param name="NetworkId">64 hexadecimal digits.</param>
/// <param name="EndpointId">64 hexadecimal digits, new for each attachment: the kernel takes its time to drop the links of the last one.</param>
public sealed record BridgeEndpoint(string ContainerId, string NetworkId, string EndpointId)
{
    internal const string HostLinkPrefix = "sv";

    /// <summary>Null: the network has no IPv4.</summary>
    public IPAddress? Address { get; init; }
    public int PrefixLength { get; init; }

    /// <summary>What it routes by when this network is its way out; null: the network has none.</summary>
    public IPAddress? Gateway { get; init; }

    /// <summary>Null: the network has no IPv6.</summary>
    public IPAddress? Address6 { get; init; }
    public int PrefixLength6 { get; init; }
    public IPAddress? Gateway6 { get; init; }

    /// <summary>Of the form 02:42:ac:11:00:02.</summary>
    public required string MacText { get; init; }

    /// <summary>The link inside the container.</summary>
    public required string LinkName { get; init; }

    /// <summary>What others of the network find it by; the first is the container's name. Empty: the network has no names.</summary>
    public ImmutableArray<string> Names { get; init; } = [];

    /// <summary>Names of others that only this container knows, as of --link: alias to container.</summary>
    public ImmutableSortedDictionary<string, string> Links { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Of several networks that one is the way out whose priority is the highest.</summary>
    public int GatewayPriority { get; init; }

    /// <summary>The link of the bridge's side: its prefix tells our ports from others; two daemons' differ by the endpoint's id.</summary>
    [JsonIgnore]
    public string HostLink => HostLinkPrefix + EndpointId[..12];

    [JsonIgnore]
    public PhysicalAddress Mac => PhysicalAddress.Parse(MacText.Replace(':', '-'));

    /// <summary>Locally administered, the rest the address: a new owner of an address has the same one, so that no neighbour cache is stale.</summary>
    internal static PhysicalAddress MacOf(IPAddress address) => new([0x02, 0x42, .. address.IsIPv6()
        ? SHA256.HashData(address.GetAddressBytes()).AsSpan(0, 4).ToArray()
        : address.GetAddressBytes()]);

    internal static string TextOf(PhysicalAddress mac) => string.Join(':', mac.GetAddressBytes().Select(part => part.ToString("x2")));

    internal static string MakeId(params ReadOnlySpan<string> parts) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))));
}
