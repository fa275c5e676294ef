using System.Text.Json;

namespace Swarm.Api.Wire;

public sealed record TaskSpec
{
    public JsonElement? PluginSpec { get; init; }
    public ContainerSpec? ContainerSpec { get; init; }
    public JsonElement? NetworkAttachmentSpec { get; init; }
    public ResourceRequirements? Resources { get; init; }
    public RestartPolicy? RestartPolicy { get; init; }
    public Placement? Placement { get; init; }
    public IReadOnlyList<NetworkAttachmentConfig>? Networks { get; init; }
    public Driver? LogDriver { get; init; }
    public ulong? ForceUpdate { get; init; }
    public string? Runtime { get; init; }
}

public sealed record ResourceRequirements
{
    public Limit? Limits { get; init; }
    public Resources? Reservations { get; init; }
}

public sealed record Limit
{
    public long? NanoCPUs { get; init; }
    public long? MemoryBytes { get; init; }
    public long? Pids { get; init; }
}

public sealed record Resources
{
    public long? NanoCPUs { get; init; }
    public long? MemoryBytes { get; init; }
    public IReadOnlyList<GenericResource>? GenericResources { get; init; }
}

public sealed record GenericResource
{
    public NamedGenericResource? NamedResourceSpec { get; init; }
    public DiscreteGenericResource? DiscreteResourceSpec { get; init; }
}

public sealed record NamedGenericResource
{
    public string? Kind { get; init; }
    public string? Value { get; init; }
}

public sealed record DiscreteGenericResource
{
    public string? Kind { get; init; }
    public long? Value { get; init; }
}

/// <summary>Durations in nanoseconds.</summary>
public sealed record RestartPolicy
{
    public string? Condition { get; init; }
    public long? Delay { get; init; }
    public ulong? MaxAttempts { get; init; }
    public long? Window { get; init; }
}

public sealed record Placement
{
    public IReadOnlyList<string>? Constraints { get; init; }
    public IReadOnlyList<PlacementPreference>? Preferences { get; init; }
    public ulong? MaxReplicas { get; init; }
    public IReadOnlyList<Platform>? Platforms { get; init; }
}

public sealed record PlacementPreference
{
    public SpreadOver? Spread { get; init; }
}

public sealed record SpreadOver
{
    public string? SpreadDescriptor { get; init; }
}
