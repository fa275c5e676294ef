using Swarm.Api.Http;
using Swarm.Api.Wire;

namespace Swarm.Api.Services;

/// <summary>
/// What a client that speaks an older version of the API means by a service: fields that its version had not are not taken from it, as Docker does.
/// </summary>
internal static class OlderServiceClients
{
    private static readonly ApiVersion
        FirstWithSysctls = new(1, 40), FirstWithJobs = new(1, 41), FirstWithStartInterval = new(1, 44), FirstWithOomScore = new(1, 46);

    internal static ServiceSpec Adapt(ServiceSpec spec, ApiVersion version)
    {
        if (version < FirstWithJobs && spec.Mode is { } mode)
        {
            spec = spec with { Mode = mode with { ReplicatedJob = null, GlobalJob = null } };
        }

        return spec.TaskTemplate is { } task ? spec with { TaskTemplate = Adapt(task, version) } : spec;
    }

    private static TaskSpec Adapt(TaskSpec task, ApiVersion version) => task with
    {
        ContainerSpec = task.ContainerSpec is { } container ? Adapt(container, version) : null,
        Placement = version < FirstWithSysctls && task.Placement is { } placement ? placement with { MaxReplicas = null } : task.Placement,
        Resources = version < FirstWithJobs && task.Resources is { Limits: { } limits } resources ? resources with { Limits = limits with { Pids = null } } : task.Resources,
    };

    private static ContainerSpec Adapt(ContainerSpec container, ApiVersion version)
    {
        if (version < FirstWithSysctls)
        {
            container = container with { Sysctls = null };
        }

        if (version < FirstWithJobs)
        {
            container = container with { CapabilityAdd = null, CapabilityDrop = null, Ulimits = null };
        }

        if (version < FirstWithStartInterval)
        {
            container = container with
            {
                Healthcheck = container.Healthcheck is { } check ? check with { StartInterval = null } : null,
                Privileges = container.Privileges is { } privileges ? privileges with { Seccomp = null, AppArmor = null, NoNewPrivileges = null } : null,
            };
        }

        return version < FirstWithOomScore ? container with { OomScoreAdj = null, Mounts = container.Mounts?.Select(WithoutTmpfsOptions).ToList() } : container;
    }

    private static Mount WithoutTmpfsOptions(Mount mount) => mount.TmpfsOptions is { } options ? mount with { TmpfsOptions = options with { Options = null } } : mount;
}
