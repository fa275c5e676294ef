using Swarm.Api.Http;
using Swarm.Api.Networks;
using Swarm.Engine;
using Swarm.Engine.Containers.Wire;

namespace Swarm.Api.Containers;

/// <summary>What a client that speaks an older version of the API means by what it sends, or leaves out: the defaults of its time; and what it is answered.</summary>
internal static class OlderClients
{
    private static readonly ApiVersion FirstWithPrivateIpc = new(1, 40), FirstWithCgroupNamespaces = new(1, 41), FirstWithStartInterval = new(1, 44), FirstWithRecursiveReadOnly = new(1, 44),
        FirstWithSeveralNetworks = new(1, 44), FirstWithNames = new(1, 45), FirstWithListedAnnotations = new(1, 46);

    public static ContainerCreateRequest Adapt(ContainerCreateRequest request, ApiVersion version)
    {
        if (version < FirstWithSeveralNetworks && request.NetworkingConfig?.EndpointsConfig is { Count: > 1 } networks)
        {
            throw EngineException.BadRequest($"Container cannot be created with multiple network endpoints: {string.Join(", ", networks.Keys)}");
        }

        var host = Adapt(request.HostConfig ?? new HostConfig(), version);
        if (version < FirstWithPrivateIpc && string.IsNullOrEmpty(host.IpcMode))
        {
            host = host with { IpcMode = "shareable" };
        }

        if (version < FirstWithCgroupNamespaces && string.IsNullOrEmpty(host.CgroupnsMode))
        {
            host = host with { CgroupnsMode = "host" };
        }

        if (version < FirstWithRecursiveReadOnly && host.Mounts is { } mounts)
        {
            host = host with { Mounts = [.. mounts.Select(NotRecursivelyReadOnly)] };
        }

        var check = version < FirstWithStartInterval && request.Healthcheck is { } health ? health with { StartInterval = null } : request.Healthcheck;
        return request with { HostConfig = host, Healthcheck = check };
    }

    private static MountRequest NotRecursivelyReadOnly(MountRequest mount) => mount is { Type: "bind", ReadOnly: true }
        ? mount with { BindOptions = (mount.BindOptions ?? new BindOptions()) with { ReadOnlyNonRecursive = true } }
        : mount;

    /// <summary>Before 1.45 the names that a container has of itself are among its aliases.</summary>
    public static ContainerInspect Adapt(ContainerInspect shown, ApiVersion version)
    {
        if (version >= FirstWithNames)
        {
            return shown;
        }

        var networks = shown.NetworkSettings.Networks.ToDictionary(pair => pair.Key, pair => NetworkEndpoints.Predefined.Contains(pair.Key)
            ? pair.Value
            : pair.Value with { Aliases = [.. (pair.Value.Aliases ?? []).Append(shown.Id[..12]).Append(shown.Config.Hostname ?? "").Where(name => name.Length > 0).Distinct()] });
        return shown with { NetworkSettings = shown.NetworkSettings with { Networks = networks } };
    }

    /// <summary>Before 1.46 a list tells no annotations.</summary>
    public static IReadOnlyList<ContainerSummary> Adapt(IReadOnlyList<ContainerSummary> shown, ApiVersion version) => version >= FirstWithListedAnnotations
        ? shown
        : [.. shown.Select(summary => summary with { HostConfig = summary.HostConfig with { Annotations = null } })];

    /// <summary>For creation and update.</summary>
    public static HostConfig Adapt(HostConfig host, ApiVersion version) =>
        version < FirstWithPrivateIpc ? host with { PidsLimit = null } : host;
}
