using System.Collections.Immutable;

namespace Swarm.Networking.Networks;

/// <summary>A network as a user asks for it (Engine API v1.51, NetworkCreateRequest); nothing of it is checked yet.</summary>
public sealed record NetworkSpec(string Name)
{
    /// <summary>Empty: bridge.</summary>
    public string Driver { get; init; } = "";
    public string Scope { get; init; } = "";

    /// <summary>Null: as the driver's options or the defaults say.</summary>
    public bool? EnableIPv4 { get; init; }
    public bool? EnableIPv6 { get; init; }
    public bool Internal { get; init; }
    public bool Attachable { get; init; }
    public bool Ingress { get; init; }
    public bool ConfigOnly { get; init; }
    public string ConfigFrom { get; init; } = "";

    /// <summary>Empty: default.</summary>
    public string IpamDriver { get; init; } = "";
    public ImmutableSortedDictionary<string, string> IpamOptions { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public ImmutableArray<PoolSpec> Pools { get; init; } = [];
    public ImmutableSortedDictionary<string, string> Options { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

/// <param name="Subnet">CIDR, as the range is.</param>
/// <param name="Auxiliary">Addresses by name.</param>
public sealed record PoolSpec(string Subnet, string Range, string Gateway, ImmutableSortedDictionary<string, string> Auxiliary);
