using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Serialization;

namespace Swarm.Networking.Networks;

/// <summary>A network of this node, as it is kept and as <c>docker network inspect</c> shows it (Engine API v1.51, Network).</summary>
public sealed record NetworkRecord
{
    public const string Bridge = "bridge", Host = "host", None = "none", Overlay = "overlay", Macvlan = "macvlan";

    /// <summary>The bridge by which containers on networks of the cluster get out (Docker's own name).</summary>
    public const string Gateway = "docker_gwbridge";

    public required string Name { get; init; }

    /// <summary>64 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>bridge, macvlan, host, null or overlay.</summary>
    public required string Driver { get; init; }

    public required DateTimeOffset Created { get; init; }

    public bool EnableIPv4 { get; init; } = true;

    public bool EnableIPv6 { get; init; }

    /// <summary>No way out and no way in.</summary>
    public bool Internal { get; init; }

    public bool Attachable { get; init; }

    /// <summary>The cluster's network that carries published ports.</summary>
    public bool Ingress { get; init; }

    /// <summary>It only holds what others take: no container can be on it.</summary>
    public bool ConfigOnly { get; init; }

    /// <summary>The name of the network that it took its configuration from; empty: of none.</summary>
    public string ConfigFrom { get; init; } = "";

    /// <summary>Nobody asked for it: containers on networks of the cluster get out by it, and it goes with the last of those networks.</summary>
    public bool IsForOverlays { get; init; }

    /// <summary>The cluster's, of which this node made its own for tasks: it goes with the last of them.</summary>
    public bool IsOfCluster { get; init; }

    /// <summary>At most one of each family; of the cluster's networks any number.</summary>
    public ImmutableArray<NetworkPool> Pools { get; init; } = [];

    public ImmutableSortedDictionary<string, string> IpamOptions { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The driver's, by Docker's names (com.docker.network.bridge.name...).</summary>
    public ImmutableSortedDictionary<string, string> Options { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The link was there before the network and stays when it goes.</summary>
    public bool LinkIsTheHosts { get; init; }

    [JsonIgnore]
    public bool IsPredefined => IsPredefinedName(Name);

    /// <summary>Of the cluster: addresses and names are not this node's to give.</summary>
    [JsonIgnore]
    public bool IsOverlay => Driver == Overlay;

    /// <summary>Its containers are on a link of the host's, beside the host: no bridge, no rules and no published ports.</summary>
    [JsonIgnore]
    public bool IsMacvlan => Driver == Macvlan;

    /// <summary>Its containers find each other by name: all networks but the predefined ones and those that only carry.</summary>
    [JsonIgnore]
    public bool HasNames => !IsPredefined && !Ingress && !ConfigOnly && Name != Gateway;

    public NetworkPool? PoolOf(bool ipv6) => Pools.FirstOrDefault(pool => pool.Subnet.BaseAddress.AddressFamily
        == (ipv6 ? System.Net.Sockets.AddressFamily.InterNetworkV6 : System.Net.Sockets.AddressFamily.InterNetwork));

    /// <summary>The one that an address is of.</summary>
    public NetworkPool? PoolOf(IPAddress? address) => address is null ? null : Pools.FirstOrDefault(pool => pool.Subnet.Contains(address));

    public static bool IsPredefinedName(string name) => name is Bridge or Host or None or "default";
}

/// <summary>The addresses of a network, of one family.</summary>
/// <param name="Range">What containers get by themselves; null: all of it.</param>
/// <param name="Gateway">The bridge's own; null: it has none.</param>
/// <param name="Auxiliary">Addresses, by a name for each, that containers do not get by themselves.</param>
/// <param name="IsAsked">A user named the subnet: only then may a container ask for an address.</param>
public sealed record NetworkPool(IPNetwork Subnet, IPNetwork? Range, IPAddress? Gateway, ImmutableSortedDictionary<string, IPAddress> Auxiliary, bool IsAsked)
{
    /// <summary>The bridge's name for its way out where that is not the bridge itself (Docker's own key).</summary>
    public const string DefaultGatewayName = "DefaultGatewayIPv4", DefaultGatewayName6 = "DefaultGatewayIPv6";

    /// <summary>What containers route by.</summary>
    [JsonIgnore]
    public IPAddress? WayOut => Auxiliary.GetValueOrDefault(DefaultGatewayName) ?? Auxiliary.GetValueOrDefault(DefaultGatewayName6) ?? Gateway;
}
