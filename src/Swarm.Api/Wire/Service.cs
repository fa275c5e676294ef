namespace Swarm.Api.Wire;

public sealed record Service
{
    public string ID { get; init; } = "";
    public Version? Version { get; init; }
    public DateTime CreatedAt { get; init; }
    public DateTime UpdatedAt { get; init; }
    public ServiceSpec? Spec { get; init; }
    public ServiceSpec? PreviousSpec { get; init; }
    public Endpoint? Endpoint { get; init; }
    public UpdateStatus? UpdateStatus { get; init; }
    public ServiceStatus? ServiceStatus { get; init; }
    public JobStatus? JobStatus { get; init; }
}

public sealed record Endpoint
{
    public EndpointSpec? Spec { get; init; }
    public IReadOnlyList<PortConfig>? Ports { get; init; }
    public IReadOnlyList<EndpointVirtualIP>? VirtualIPs { get; init; }
}

public sealed record EndpointVirtualIP
{
    public string? NetworkID { get; init; }
    public string? Addr { get; init; }
}

public sealed record UpdateStatus
{
    public string? State { get; init; }
    public DateTime? StartedAt { get; init; }
    public DateTime? CompletedAt { get; init; }
    public string? Message { get; init; }
}

public sealed record JobStatus
{
    public Version? JobIteration { get; init; }
    public DateTime? LastExecution { get; init; }
}

public sealed record ServiceStatus
{
    public ulong RunningTasks { get; init; }
    public ulong DesiredTasks { get; init; }
    public ulong CompletedTasks { get; init; }
}
