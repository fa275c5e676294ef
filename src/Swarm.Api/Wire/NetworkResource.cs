using System.Text.Json.Serialization;

namespace Swarm.Api.Wire;

/// <summary>A network as GET /networks lists it.</summary>
public sealed record NetworkResource
{
    public string Name { get; init; } = "";
    public string Id { get; init; } = "";
    public DateTime Created { get; init; }

    /// <summary>local, swarm.</summary>
    public string Scope { get; init; } = "local";
    public string Driver { get; init; } = "";
    public bool EnableIPv4 { get; init; }
    public bool EnableIPv6 { get; init; }
    public IPAM IPAM { get; init; } = new();
    public bool Internal { get; init; }
    public bool Attachable { get; init; }
    public bool Ingress { get; init; }
    public ConfigReferenceName ConfigFrom { get; init; } = new();
    public bool ConfigOnly { get; init; }
    public IReadOnlyDictionary<string, EndpointResource> Containers { get; init; } = new Dictionary<string, EndpointResource>();
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
}

public sealed record IPAM
{
    public string Driver { get; init; } = "default";
    public IReadOnlyDictionary<string, string>? Options { get; init; }
    public IReadOnlyList<IPAMConfig> Config { get; init; } = [];
}

public sealed record IPAMConfig
{
    public string? Subnet { get; init; }
    public string? IPRange { get; init; }
    public string? Gateway { get; init; }
}

public sealed record ConfigReferenceName
{
    public string Network { get; init; } = "";
}

/// <summary>A container's end of a network.</summary>
public sealed record EndpointResource
{
    public string Name { get; init; } = "";
    public string EndpointID { get; init; } = "";
    public string MacAddress { get; init; } = "";

    /// <summary>CIDR.</summary>
    public string IPv4Address { get; init; } = "";
    public string IPv6Address { get; init; } = "";
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NetworkResource))]
[JsonSerializable(typeof(IReadOnlyList<NetworkResource>))]
internal sealed partial class NetworkJson : JsonSerializerContext;
