namespace Swarm.Api.Wire;

public sealed record Node
{
    public string ID { get; init; } = "";
    public Version? Version { get; init; }
    public DateTime CreatedAt { get; init; }
    public DateTime UpdatedAt { get; init; }
    public NodeSpec? Spec { get; init; }
    public NodeDescription? Description { get; init; }
    public NodeStatus? Status { get; init; }
    public ManagerStatus? ManagerStatus { get; init; }
}

public sealed record NodeSpec
{
    public string? Name { get; init; }
    public IReadOnlyDictionary<string, string?>? Labels { get; init; }
    public string? Role { get; init; }
    public string? Availability { get; init; }
}

public sealed record NodeDescription
{
    public string? Hostname { get; init; }
    public Platform? Platform { get; init; }
    public Resources? Resources { get; init; }
    public EngineDescription? Engine { get; init; }
    public TLSInfo? TLSInfo { get; init; }
}

public sealed record EngineDescription
{
    public string? EngineVersion { get; init; }
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
    public IReadOnlyList<PluginDescription>? Plugins { get; init; }
}

public sealed record PluginDescription
{
    public string? Type { get; init; }
    public string? Name { get; init; }
}

public sealed record TLSInfo
{
    /// <summary>PEM.</summary>
    public string? TrustRoot { get; init; }

    /// <summary>DER.</summary>
    public byte[]? CertIssuerSubject { get; init; }

    /// <summary>DER, SubjectPublicKeyInfo.</summary>
    public byte[]? CertIssuerPublicKey { get; init; }
}

public sealed record NodeStatus
{
    public string? State { get; init; }
    public string? Message { get; init; }
    public string? Addr { get; init; }
}

public sealed record ManagerStatus
{
    public bool? Leader { get; init; }
    public string? Reachability { get; init; }
    public string? Addr { get; init; }
}
