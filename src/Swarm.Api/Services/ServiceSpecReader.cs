using System.Collections.Immutable;
using Swarm.Api.Networks;
using Swarm.Engine;
using Swarm.Model;
using static Swarm.Api.Wire.WireValues;

namespace Swarm.Api.Services;

/// <summary>A service's JSON to the model. What the values may be is checked by the control; here only what has no place in the model is refused.</summary>
internal static class ServiceSpecReader
{
    /// <param name="networks">The docker command resolves a network's name to its id, which is another one on each node; the model keeps the name.</param>
    internal static ServiceSpec Read(Wire.ServiceSpec spec, INetworkCatalog networks)
    {
        var mode = spec.Mode ?? new Wire.ServiceMode();
        if (new object?[] { mode.Replicated, mode.Global, mode.ReplicatedJob, mode.GlobalJob }.Count(one => one is not null) > 1)
        {
            throw EngineException.BadRequest("must specify only one service mode");
        }

        return Mode(mode, new ServiceSpec
        {
            Annotations = new Annotations { Name = spec.Name ?? "", Labels = Map(spec.Labels) },
            Task = TaskSpecReader.Read(spec.TaskTemplate ?? new Wire.TaskSpec(), networks),
            Update = Update(spec.UpdateConfig),
            Rollback = Update(spec.RollbackConfig),
            Endpoint = Endpoint(spec.EndpointSpec),
            Networks = TaskSpecReader.Networks(spec.Networks, networks),
            FineDurations = FineDurations.Of(spec),
        });
    }

    private static ServiceSpec Mode(Wire.ServiceMode mode, ServiceSpec spec) => mode switch
    {
        { Global: not null } => spec with { Mode = ServiceMode.Global, Replicas = 0 },
        { GlobalJob: not null } => spec with { Mode = ServiceMode.GlobalJob, Replicas = 0 },

        // Docker's defaults: one at a time is one; the completions wanted are the tasks at once.
        { ReplicatedJob: { } job } => spec with
        {
            Mode = ServiceMode.ReplicatedJob,
            Replicas = job.MaxConcurrent ?? 1,
            TotalCompletions = job.TotalCompletions ?? job.MaxConcurrent ?? 1,
        },
        _ => spec with { Mode = ServiceMode.Replicated, Replicas = mode.Replicated?.Replicas ?? 1 },
    };

    private static UpdateConfig? Update(Wire.UpdateConfig? config) => config is null ? null : new UpdateConfig
    {
        Parallelism = config.Parallelism ?? 0,
        Delay = Duration(config.Delay ?? 0),
        Monitor = config.Monitor is null or 0 ? new UpdateConfig().Monitor : Duration(config.Monitor.Value),
        MaxFailureRatio = config.MaxFailureRatio ?? 0,
        FailureAction = config.FailureAction switch
        {
            null or "" or "pause" => FailureAction.Pause,
            "continue" => FailureAction.Continue,
            "rollback" => FailureAction.Rollback,
            var other => throw EngineException.BadRequest($"unrecognized update failure action {other}"),
        },
        Order = config.Order switch
        {
            null or "" or "stop-first" => UpdateOrder.StopFirst,
            "start-first" => UpdateOrder.StartFirst,
            var other => throw EngineException.BadRequest($"unrecognized update order {other}"),
        },
    };

    private static EndpointSpec? Endpoint(Wire.EndpointSpec? endpoint) => endpoint is null ? null : new EndpointSpec
    {
        Mode = endpoint.Mode switch
        {
            null or "" or "vip" => ResolutionMode.Vip,
            "dnsrr" => ResolutionMode.DnsRoundRobin,
            var other => throw EngineException.BadRequest($"invalid resolution mode: \"{other}\""),
        },
        Ports = List(endpoint.Ports, Port),
    };

    private static PortConfig Port(Wire.PortConfig port) => new()
    {
        Name = port.Name ?? "",
        TargetPort = Number(port.TargetPort),
        PublishedPort = Number(port.PublishedPort),
        Protocol = port.Protocol?.ToLowerInvariant() switch
        {
            "udp" => PortProtocol.Udp,
            "sctp" => PortProtocol.Sctp,
            null or "" or "tcp" => PortProtocol.Tcp,
            var other => throw EngineException.BadRequest($"invalid port protocol: \"{other}\""),
        },
        PublishMode = port.PublishMode?.ToLowerInvariant() switch
        {
            "host" => PublishMode.Host,
            null or "" or "ingress" => PublishMode.Ingress,
            var other => throw EngineException.BadRequest($"invalid port publish mode: \"{other}\""),
        },
    };

    private static int Number(uint? port) => port is null or <= ushort.MaxValue
        ? (int)(port ?? 0)
        : throw EngineException.BadRequest($"invalid port {port}: must be between 0 and 65535");
}
