namespace Swarm.Api.Wire;

public sealed record SecretInspect
{
    public string ID { get; init; } = "";
    public Version? Version { get; init; }
    public DateTime CreatedAt { get; init; }
    public DateTime UpdatedAt { get; init; }
    public SecretSpec? Spec { get; init; }
}

public sealed record SecretSpec
{
    public string? Name { get; init; }
    public IReadOnlyDictionary<string, string?>? Labels { get; init; }

    /// <summary>Only ever read.</summary>
    public byte[]? Data { get; init; }
    public Driver? Driver { get; init; }
    public Driver? Templating { get; init; }

    public override string ToString() => $"SecretSpec {{ {Name} }}";
}

public sealed record ConfigInspect
{
    public string ID { get; init; } = "";
    public Version? Version { get; init; }
    public DateTime CreatedAt { get; init; }
    public DateTime UpdatedAt { get; init; }
    public ConfigSpec? Spec { get; init; }
}

public sealed record ConfigSpec
{
    public string? Name { get; init; }
    public IReadOnlyDictionary<string, string?>? Labels { get; init; }
    public byte[]? Data { get; init; }
    public Driver? Templating { get; init; }
}

/// <summary>Of a secret or a config that was created.</summary>
public sealed record IDResponse
{
    public string ID { get; init; } = "";
}
