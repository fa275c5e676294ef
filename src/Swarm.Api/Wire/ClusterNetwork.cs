namespace Swarm.Api.Wire;

/// <summary>The place of a task on a network of the cluster.</summary>
public sealed record NetworkAttachment
{
    public ClusterNetwork? Network { get; init; }

    /// <summary>CIDR.</summary>
    public IReadOnlyList<string>? Addresses { get; init; }
}

public sealed record ClusterNetwork
{
    public string ID { get; init; } = "";
    public Version? Version { get; init; }
    public DateTime CreatedAt { get; init; }
    public DateTime UpdatedAt { get; init; }
    public ClusterNetworkSpec? Spec { get; init; }
    public Driver? DriverState { get; init; }
    public ClusterIPAM? IPAMOptions { get; init; }
}

public sealed record ClusterNetworkSpec
{
    public string? Name { get; init; }
    public IReadOnlyDictionary<string, string?>? Labels { get; init; }
    public Driver? DriverConfiguration { get; init; }
    public bool? IPv6Enabled { get; init; }
    public bool? Internal { get; init; }
    public bool? Attachable { get; init; }
    public bool? Ingress { get; init; }
    public string? Scope { get; init; }
}

public sealed record ClusterIPAM
{
    public Driver? Driver { get; init; }
    public IReadOnlyList<ClusterIPAMConfig>? Configs { get; init; }
}

public sealed record ClusterIPAMConfig
{
    public string? Subnet { get; init; }
    public string? Range { get; init; }
    public string? Gateway { get; init; }
}
