namespace Swarm.Api.Wire;

public sealed record TaskInspect
{
    public string ID { get; init; } = "";
    public Version? Version { get; init; }
    public DateTime CreatedAt { get; init; }
    public DateTime UpdatedAt { get; init; }
    public string? Name { get; init; }
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
    public TaskSpec? Spec { get; init; }
    public string? ServiceID { get; init; }
    public ulong? Slot { get; init; }
    public string? NodeID { get; init; }
    public TaskStatus? Status { get; init; }
    public string? DesiredState { get; init; }
    public IReadOnlyList<NetworkAttachment>? NetworksAttachments { get; init; }
    public IReadOnlyList<GenericResource>? AssignedGenericResources { get; init; }
    public Version? JobIteration { get; init; }
}

public sealed record TaskStatus
{
    public DateTime Timestamp { get; init; }
    public string? State { get; init; }
    public string? Message { get; init; }
    public string? Err { get; init; }
    public ContainerStatus? ContainerStatus { get; init; }
    public PortStatus? PortStatus { get; init; }
}

public sealed record ContainerStatus
{
    public string ContainerID { get; init; } = "";
    public int PID { get; init; }
    public int ExitCode { get; init; }
}

public sealed record PortStatus
{
    public IReadOnlyList<PortConfig>? Ports { get; init; }
}
