using Swarm.Model;
using static Swarm.Api.Wire.WireValues;

namespace Swarm.Api.Services;

/// <summary>The model's services to Docker's JSON.</summary>
internal static class ServiceWriter
{
    /// <param name="defaults">Also write what the user left to the defaults.</param>
    internal static Wire.Service Write(Service service, bool defaults = false, Wire.ServiceStatus? status = null) => new()
    {
        ID = service.Id,
        Version = Version(service.Meta.Version),
        CreatedAt = service.Meta.CreatedAt.UtcDateTime,
        UpdatedAt = service.Meta.UpdatedAt.UtcDateTime,
        Spec = FineDurations.Restore(Spec(service.Spec, defaults), service.Spec.FineDurations),
        PreviousSpec = service.PreviousSpec is { } previous ? FineDurations.Restore(Spec(previous, defaults: false), previous.FineDurations) : null,
        Endpoint = new Wire.Endpoint
        {
            Spec = Endpoint(service.Endpoint.Spec.Ports.IsEmpty ? service.Spec.Endpoint ?? service.Endpoint.Spec : service.Endpoint.Spec),
            Ports = NullIfEmpty(service.Endpoint.Ports, Port),
            VirtualIPs = NullIfEmpty(service.Endpoint.VirtualIps, ip => new Wire.EndpointVirtualIP { NetworkID = ip.NetworkId, Addr = ip.Address }),
        },
        UpdateStatus = Update(service.UpdateStatus),
        ServiceStatus = status,
        JobStatus = service.Job is { } job ? new Wire.JobStatus { JobIteration = Version(job.Iteration), LastExecution = job.LastExecution.UtcDateTime } : null,
    };

    internal static Wire.PortConfig Port(PortConfig port) => new()
    {
        Name = NullIfEmpty(port.Name),
        Protocol = port.Protocol switch { PortProtocol.Udp => "udp", PortProtocol.Sctp => "sctp", _ => "tcp" },
        TargetPort = NullIfDefault((uint)port.TargetPort),
        PublishedPort = NullIfDefault((uint)port.PublishedPort),
        PublishMode = port.PublishMode == PublishMode.Host ? "host" : "ingress",
    };

    private static Wire.ServiceSpec Spec(ServiceSpec spec, bool defaults) => new()
    {
        Name = spec.Annotations.Name,
        Labels = Nullable(spec.Annotations.Labels),
        TaskTemplate = TaskSpecWriter.Write(spec.Task, defaults),
        Mode = Mode(spec),
        UpdateConfig = Update(spec.Update ?? (defaults ? DefaultUpdate : null)),
        RollbackConfig = Update(spec.Rollback ?? (defaults ? DefaultUpdate : null)),
        Networks = NullIfEmpty(spec.Networks, TaskSpecWriter.Network),
        EndpointSpec = spec.Endpoint is { } endpoint || (endpoint = defaults ? new EndpointSpec() : null) is not null ? Endpoint(endpoint) : null,
    };

    /// <summary>Docker's: one task after another.</summary>
    private static readonly UpdateConfig DefaultUpdate = new() { Parallelism = 1 };

    private static Wire.ServiceMode Mode(ServiceSpec spec) => spec.Mode switch
    {
        ServiceMode.Global => new Wire.ServiceMode { Global = new Wire.GlobalService() },
        ServiceMode.GlobalJob => new Wire.ServiceMode { GlobalJob = new Wire.GlobalJob() },
        ServiceMode.ReplicatedJob => new Wire.ServiceMode { ReplicatedJob = new Wire.ReplicatedJob { MaxConcurrent = spec.Replicas, TotalCompletions = spec.TotalCompletions } },
        _ => new Wire.ServiceMode { Replicated = new Wire.ReplicatedService { Replicas = spec.Replicas } },
    };

    private static Wire.EndpointSpec Endpoint(EndpointSpec endpoint) => new()
    {
        Mode = endpoint.Mode == ResolutionMode.DnsRoundRobin ? "dnsrr" : "vip",
        Ports = NullIfEmpty(endpoint.Ports, Port),
    };

    private static Wire.UpdateConfig? Update(UpdateConfig? config) => config is null ? null : new Wire.UpdateConfig
    {
        Parallelism = config.Parallelism,
        Delay = NullIfDefault(Nanoseconds(config.Delay)),
        FailureAction = config.FailureAction switch { FailureAction.Continue => "continue", FailureAction.Rollback => "rollback", _ => "pause" },
        Monitor = Nanoseconds(config.Monitor),
        MaxFailureRatio = config.MaxFailureRatio,
        Order = config.Order == UpdateOrder.StartFirst ? "start-first" : "stop-first",
    };

    private static Wire.UpdateStatus? Update(UpdateStatus? status) => status is null or { State: UpdateState.Unknown } ? null : new Wire.UpdateStatus
    {
        State = status.State switch
        {
            UpdateState.Updating => "updating",
            UpdateState.Paused => "paused",
            UpdateState.Completed => "completed",
            UpdateState.RollbackStarted => "rollback_started",
            UpdateState.RollbackPaused => "rollback_paused",
            _ => "rollback_completed",
        },
        StartedAt = status.StartedAt?.UtcDateTime,
        CompletedAt = status.CompletedAt?.UtcDateTime,
        Message = status.Message,
    };
}
