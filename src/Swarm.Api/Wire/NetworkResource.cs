using System.Text.Json.Serialization;
using Swarm.Engine.Containers.Wire;

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

    /// <summary>Of a network of the cluster.</summary>
    public IReadOnlyList<PeerInfo>? Peers { get; init; }

    /// <summary>By name; in a verbose inspection.</summary>
    public IReadOnlyDictionary<string, ServiceInfo>? Services { get; init; }
}

public sealed record IPAM
{
    public string Driver { get; init; } = "default";

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public IReadOnlyDictionary<string, string>? Options { get; init; }
    public IReadOnlyList<IPAMConfig> Config { get; init; } = [];
}

public sealed record IPAMConfig
{
    public string? Subnet { get; init; }
    public string? IPRange { get; init; }
    public string? Gateway { get; init; }
    public IReadOnlyDictionary<string, string>? AuxiliaryAddresses { get; init; }
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

/// <summary>The body of POST /networks/create.</summary>
public sealed record NetworkCreateRequest
{
    public string? Name { get; init; }
    public string? Driver { get; init; }
    public string? Scope { get; init; }
    public bool? EnableIPv4 { get; init; }
    public bool? EnableIPv6 { get; init; }
    public IPAMRequest? IPAM { get; init; }
    public bool Internal { get; init; }
    public bool Attachable { get; init; }
    public bool Ingress { get; init; }
    public bool ConfigOnly { get; init; }
    public ConfigReferenceName? ConfigFrom { get; init; }
    public IReadOnlyDictionary<string, string>? Options { get; init; }
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
}

public sealed record IPAMRequest
{
    public string? Driver { get; init; }
    public IReadOnlyDictionary<string, string>? Options { get; init; }
    public IReadOnlyList<IPAMConfig?>? Config { get; init; }
}

public sealed record NetworkCreated(string Id, string Warning);

public sealed record NetworkConnectRequest
{
    public string? Container { get; init; }
    public EndpointSettings? EndpointConfig { get; init; }
}

public sealed record NetworkDisconnectRequest
{
    public string? Container { get; init; }
    public bool Force { get; init; }
}

/// <param name="NetworksDeleted">Names; null when there were none, which is written, too, as by Docker.</param>
public sealed record NetworksPruned([property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] IReadOnlyList<string>? NetworksDeleted);

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(NetworkResource))]
[JsonSerializable(typeof(IReadOnlyList<NetworkResource>))]
[JsonSerializable(typeof(NetworkCreateRequest))]
[JsonSerializable(typeof(NetworkCreated))]
[JsonSerializable(typeof(NetworkConnectRequest))]
[JsonSerializable(typeof(NetworkDisconnectRequest))]
[JsonSerializable(typeof(NetworksPruned))]
[JsonSerializable(typeof(IReadOnlyList<NetworkCheckResult>))]
internal sealed partial class NetworkJson : JsonSerializerContext;
