using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Runtime;
using Swarm.Engine.Security;

namespace Swarm.Engine.Containers;

/// <summary>What a checked HostConfig means on this machine: Docker's defaults filled in, and without what this kernel cannot do, with a warning.</summary>
internal static class HostConfigDefaults
{
    /// <param name="containers">To put ids in place of names of other containers, which may be renamed.</param>
    public static HostConfig Apply(HostConfig host, EngineOptions options, CgroupLayout cgroups, ContainerIndex containers, List<string> warnings)
    {
        if (host.NetworkMode == "host" && host.PortBindings is { Count: > 0 })
        {
            warnings.Add("Published ports are discarded when using host network mode");
        }

        return Limits(host, cgroups, warnings) with
        {
            NetworkMode = WithId(host.NetworkMode, containers),
            PidMode = WithId(host.PidMode, containers) ?? "",
            IpcMode = string.IsNullOrEmpty(host.IpcMode) ? options.Defaults.IpcMode : WithId(host.IpcMode, containers),
            UTSMode = host.UTSMode ?? "",
            UsernsMode = host.UsernsMode ?? "",
            CgroupnsMode = !string.IsNullOrEmpty(host.CgroupnsMode) ? host.CgroupnsMode : options.Defaults.CgroupnsMode.Length > 0 ? options.Defaults.CgroupnsMode : cgroups.Mode == CgroupMode.V2 ? "private" : "host",
            PidsLimit = host.PidsLimit > 0 ? host.PidsLimit : null,
            ShmSize = host.ShmSize > 0 || options.Defaults.ShmSize == 0 ? SpecWriter.ShmSize(host) : options.Defaults.ShmSize,
            LogConfig = LogOptions.Merge(host.LogConfig, options.Defaults),
            Runtime = string.IsNullOrEmpty(host.Runtime) ? options.Runtimes.DefaultName : host.Runtime,
            Ulimits = Ulimits(host.Ulimits, options.Defaults.Ulimits),
            MaskedPaths = host.MaskedPaths ?? (host.Privileged ? null : MaskedPaths.Default),
            ReadonlyPaths = host.ReadonlyPaths ?? (host.Privileged ? null : ReadonlyPaths.Default),
            ConsoleSize = host.ConsoleSize ?? [0, 0],
            RestartPolicy = host.RestartPolicy is null ? null : host.RestartPolicy with { Name = string.IsNullOrEmpty(host.RestartPolicy.Name) ? "no" : host.RestartPolicy.Name },
        };
    }

    /// <summary>The daemon's, but for those that the container has itself.</summary>
    private static IReadOnlyList<Ulimit>? Ulimits(IReadOnlyList<Ulimit>? own, IReadOnlyList<Ulimit> defaults) =>
        defaults.Count == 0 ? own : [.. own ?? [], .. defaults.Where(limit => own?.Any(other => other.Name == limit.Name) != true)];

    /// <summary>The limits that this kernel knows.</summary>
    public static HostConfig Limits(HostConfig host, CgroupLayout cgroups, List<string> warnings)
    {
        if (host is { Memory: > 0, MemorySwap: 0 } && host.Memory <= long.MaxValue / 2)
        {
            host = host with { MemorySwap = host.Memory * 2 };
        }

        if (host.Memory > 0 && host.MemorySwap != -1 && !cgroups.LimitsSwap)
        {
            warnings.Add("Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.");
            host = host with { MemorySwap = -1 };
        }

        if (host.MemorySwappiness == -1)
        {
            host = host with { MemorySwappiness = null };
        }
        else if (host.MemorySwappiness is not null && cgroups.Mode == CgroupMode.V2)
        {
            warnings.Add("Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.");
            host = host with { MemorySwappiness = null };
        }

        if (host.OomKillDisable == true && cgroups.Mode == CgroupMode.V2)
        {
            warnings.Add("Your kernel does not support OomKillDisable. OomKillDisable discarded.");
            host = host with { OomKillDisable = null };
        }
        else if (host is { OomKillDisable: true, Memory: 0 })
        {
            warnings.Add("OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.");
        }

        if (host.BlkioWeight > 0 && !cgroups.WeighsBlockIo)
        {
            warnings.Add("Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.");
            host = host with { BlkioWeight = 0 };
        }

        if (host.BlkioWeightDevice is { Count: > 0 } && !cgroups.WeighsBlockIo)
        {
            warnings.Add("Your kernel does not support Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.");
            host = host with { BlkioWeightDevice = [] };
        }

        return host with { OomKillDisable = host.OomKillDisable ?? (cgroups.Mode == CgroupMode.V2 ? null : false) };
    }

    private static string? WithId(string? mode, ContainerIndex containers) =>
        SharedNamespaces.ContainerOf(mode) is { } name && containers.TryGet(name) is { } container ? "container:" + container.Id : mode;
}
