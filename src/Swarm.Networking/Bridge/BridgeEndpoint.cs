using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using Swarm.Networking.Ports;

namespace Swarm.Networking.Bridge;

/// <summary>A container's place on the bridge, or (without an address) its namespace with nothing but a loopback link.</summary>
/// <param name="EndpointId">64 hexadecimal digits, new for each attachment: the kernel takes its time to drop the links of the last one.</param>
/// <param name="Requested">The ports as they were asked for, so that a repeated request is recognised.</param>
/// <param name="Ports">The ports as they are published.</param>
public sealed record BridgeEndpoint(
    string ContainerId,
    string EndpointId,
    IPAddress? Address,
    int PrefixLength,
    IPAddress? Gateway,
    ImmutableArray<PortMapping> Requested,
    ImmutableArray<PortMapping> Ports)
{
    /// <summary>The link of the bridge's side: its prefix tells our ports from others; two daemons' differ by the endpoint's id.</summary>
    [JsonIgnore]
    public string HostLink => HostLinkPrefix + EndpointId[..12];

    internal const string HostLinkPrefix = "sv";

    /// <summary>Locally administered, the rest the address: a new owner of an address has the same one, so that no neighbour cache is stale.</summary>
    [JsonIgnore]
    public PhysicalAddress Mac => MacOf(Address ?? IPAddress.None);

    /// <summary>Of the form 02:42:ac:11:00:02; empty without an address.</summary>
    [JsonIgnore]
    public string MacText => Address is null ? "" : string.Join(':', Mac.GetAddressBytes().Select(part => part.ToString("x2")));

    [JsonIgnore]
    internal InterfaceAddress? GatewayAddress => Gateway is null ? null : new InterfaceAddress(Gateway, PrefixLength);

    internal static PhysicalAddress MacOf(IPAddress address) => new([0x02, 0x42, .. address.GetAddressBytes()]);

    internal static string MakeId(params ReadOnlySpan<string> parts) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))));
}
