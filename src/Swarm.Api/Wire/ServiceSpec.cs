namespace Swarm.Api.Wire;

public sealed record ServiceSpec
{
    public string? Name { get; init; }
    public IReadOnlyDictionary<string, string?>? Labels { get; init; }
    public TaskSpec? TaskTemplate { get; init; }
    public ServiceMode? Mode { get; init; }
    public UpdateConfig? UpdateConfig { get; init; }
    public UpdateConfig? RollbackConfig { get; init; }
    public IReadOnlyList<NetworkAttachmentConfig>? Networks { get; init; }
    public EndpointSpec? EndpointSpec { get; init; }
}

public sealed record ServiceMode
{
    public ReplicatedService? Replicated { get; init; }
    public GlobalService? Global { get; init; }
    public ReplicatedJob? ReplicatedJob { get; init; }
    public GlobalJob? GlobalJob { get; init; }
}

public sealed record ReplicatedService
{
    public ulong? Replicas { get; init; }
}

public sealed record GlobalService;

public sealed record ReplicatedJob
{
    public ulong? MaxConcurrent { get; init; }
    public ulong? TotalCompletions { get; init; }
}

public sealed record GlobalJob;

/// <summary>Durations in nanoseconds.</summary>
public sealed record UpdateConfig
{
    public ulong? Parallelism { get; init; }
    public long? Delay { get; init; }
    public string? FailureAction { get; init; }
    public long? Monitor { get; init; }
    public double? MaxFailureRatio { get; init; }
    public string? Order { get; init; }
}

public sealed record EndpointSpec
{
    public string? Mode { get; init; }
    public IReadOnlyList<PortConfig>? Ports { get; init; }
}

public sealed record PortConfig
{
    public string? Name { get; init; }
    public string? Protocol { get; init; }
    public uint? TargetPort { get; init; }
    public uint? PublishedPort { get; init; }
    public string? PublishMode { get; init; }
}

public sealed record NetworkAttachmentConfig
{
    public string? Target { get; init; }
    public IReadOnlyList<string>? Aliases { get; init; }
    public IReadOnlyDictionary<string, string?>? DriverOpts { get; init; }
}
