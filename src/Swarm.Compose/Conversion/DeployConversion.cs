using System.Globalization;
using Swarm.Api.Wire;
using Swarm.Compose.Tree;

namespace Swarm.Compose.Conversion;

/// <summary>`deploy`, and the keys of a service that mean the same on one machine.</summary>
internal sealed record DeployConversion
{
    private const decimal NanosecondsPerCpu = 1_000_000_000;

    internal required ServiceMode Mode { get; init; }
    internal ResourceRequirements? Resources { get; init; }
    internal RestartPolicy? Restart { get; init; }
    internal Placement? Placement { get; init; }
    internal UpdateConfig? Update { get; init; }
    internal UpdateConfig? Rollback { get; init; }
    internal string? EndpointMode { get; init; }

    internal static DeployConversion Convert(Section deploy, Section service)
    {
        var mode = ModeOf(deploy, service);
        var isJob = mode.ReplicatedJob is not null || mode.GlobalJob is not null;
        if (isJob && (deploy.Has("update_config") || deploy.Has("rollback_config")))
        {
            throw deploy.Wrong("a job has neither update_config nor rollback_config");
        }

        var conversion = new DeployConversion
        {
            Mode = mode,
            Resources = ResourcesOf(deploy.Map("resources"), service),
            Restart = RestartOf(deploy.Map("restart_policy"), service),
            Placement = PlacementOf(deploy.Map("placement"), service),
            Update = UpdateOf(deploy.Map("update_config")),
            Rollback = UpdateOf(deploy.Map("rollback_config")),
            EndpointMode = deploy.Word("endpoint_mode", "vip", "dnsrr"),
        };
        deploy.End();
        return conversion;
    }

    private static ServiceMode ModeOf(Section deploy, Section service)
    {
        var mode = deploy.Word("mode", "replicated", "global", "replicated-job", "global-job") ?? "replicated";
        var replicas = deploy.Count("replicas") ?? service.Count("scale");
        if (replicas is not null && mode.StartsWith("global", StringComparison.Ordinal))
        {
            throw deploy.Wrong($"replicas are not for {mode} services");
        }

        return mode switch
        {
            "global" => new ServiceMode { Global = new GlobalService() },
            "global-job" => new ServiceMode { GlobalJob = new GlobalJob() },
            "replicated-job" => new ServiceMode { ReplicatedJob = new ReplicatedJob { MaxConcurrent = replicas ?? 1, TotalCompletions = replicas ?? 1 } },
            _ => new ServiceMode { Replicated = new ReplicatedService { Replicas = replicas ?? 1 } },
        };
    }

    private static ResourceRequirements? ResourcesOf(Section? resources, Section service)
    {
        var (limits, reservations) = (resources?.Map("limits"), resources?.Map("reservations"));
        var limit = new Limit
        {
            NanoCPUs = Cpus(limits?.Number("cpus") ?? service.Number("cpus")),
            MemoryBytes = limits?.Bytes("memory") ?? service.Bytes("mem_limit"),
            Pids = limits?.Whole("pids") ?? service.Whole("pids_limit"),
        };
        var reserved = new Resources
        {
            NanoCPUs = Cpus(reservations?.Number("cpus")),
            MemoryBytes = reservations?.Bytes("memory") ?? service.Bytes("mem_reservation"),
            GenericResources = reservations is null ? null : Generic(reservations),
        };
        service.Value("cpus");
        service.Value("mem_limit");
        service.Value("pids_limit");
        service.Value("mem_reservation");
        reservations?.Refuse("devices", "devices are not scheduled: name them under devices, or reserve a generic resource");
        limits?.End();
        reservations?.End();
        resources?.End();
        return (limit == new Limit(), reserved == new Resources()) switch
        {
            (true, true) => null,
            (var none, var nothing) => new ResourceRequirements { Limits = none ? null : limit, Reservations = nothing ? null : reserved },
        };
    }

    private static IReadOnlyList<GenericResource>? Generic(Section reservations)
    {
        var found = reservations.Maps("generic_resources").Select(one =>
        {
            var spec = one.Map("discrete_resource_spec") ?? throw one.Wrong("discrete_resource_spec is missing");
            var resource = new DiscreteGenericResource { Kind = spec.Text("kind"), Value = spec.Whole("value") };
            spec.End();
            one.End();
            return new GenericResource { DiscreteResourceSpec = resource };
        }).ToList();
        return found.Count == 0 ? null : found;
    }

    private static RestartPolicy? RestartOf(Section? policy, Section service)
    {
        var restart = service.Text("restart");
        if (policy is null)
        {
            return restart?.Split(':') switch
            {
                null => null,
                ["no"] or ["false"] => new RestartPolicy { Condition = "none" },
                ["always"] or ["unless-stopped"] => new RestartPolicy { Condition = "any" },
                ["on-failure"] => new RestartPolicy { Condition = "on-failure" },
                ["on-failure", var most] when ulong.TryParse(most, NumberStyles.None, CultureInfo.InvariantCulture, out var attempts) =>
                    new RestartPolicy { Condition = "on-failure", MaxAttempts = attempts },
                _ => throw service.Wrong("restart", $"'{restart}' is not one of no, always, unless-stopped, on-failure, on-failure:N"),
            };
        }

        if (restart is not null)
        {
            service.Remark("ignoring restart: deploy.restart_policy counts");
        }

        var converted = new RestartPolicy
        {
            Condition = policy.Word("condition", "none", "on-failure", "any"),
            Delay = policy.Duration("delay"),
            MaxAttempts = policy.Count("max_attempts"),
            Window = policy.Duration("window"),
        };
        policy.End();
        return converted;
    }

    private static Placement? PlacementOf(Section? placement, Section service)
    {
        var platform = service.Text("platform")?.Split('/');
        if (placement is null && platform is null)
        {
            return null;
        }

        var preferences = (placement?.Maps("preferences") ?? []).Select(one =>
        {
            var spread = one.Text("spread") ?? throw one.Wrong("spread is missing");
            one.End();
            return new PlacementPreference { Spread = new SpreadOver { SpreadDescriptor = spread } };
        }).ToList();
        var converted = new Placement
        {
            Constraints = placement?.Texts("constraints"),
            Preferences = preferences.Count == 0 ? null : preferences,
            MaxReplicas = placement?.Count("max_replicas_per_node"),
            Platforms = platform is null ? null : [new Platform { OS = platform[0], Architecture = platform.ElementAtOrDefault(1) }],
        };
        placement?.End();
        return converted;
    }

    private static UpdateConfig? UpdateOf(Section? update)
    {
        if (update is null)
        {
            return null;
        }

        var converted = new UpdateConfig
        {
            Parallelism = update.Count("parallelism") ?? 1,
            Delay = update.Duration("delay"),
            FailureAction = update.Word("failure_action", "pause", "continue", "rollback"),
            Monitor = update.Duration("monitor"),
            MaxFailureRatio = (double?)update.Number("max_failure_ratio"),
            Order = update.Word("order", "start-first", "stop-first"),
        };
        update.End();
        return converted;
    }

    private static long? Cpus(decimal? cpus) => cpus is { } number ? (long)(number * NanosecondsPerCpu) : null;
}
