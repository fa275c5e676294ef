using System.Collections.Immutable;
using Swarm.Engine.Containers;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Devices;
using Swarm.Engine.Security;
using Swarm.Linux;

namespace Swarm.Engine.Runtime;

/// <summary>What a spec is written from, beside the container's own record.</summary>
/// <param name="Rootfs">The mounted root.</param>
/// <param name="NetworkNamespace">A path to join; empty: the host's.</param>
/// <param name="FileMounts">The files that the engine keeps for the container (hosts, hostname, resolv.conf), and others: destination, source, read-only.</param>
public sealed record SpecInput(
    ContainerRecord Container, string Rootfs, string Hostname, string NetworkNamespace, ImmutableArray<(string Destination, string Source, bool ReadOnly)> FileMounts)
{
    /// <summary>The user namespace to join; empty: the host's.</summary>
    public string UserNamespace { get; init; } = "";

    /// <summary>The network is another container's, which has set it up.</summary>
    public bool JoinsNetwork { get; init; }

    /// <summary>Paths of other containers' namespaces to join; empty: one of its own, or the host's.</summary>
    public string PidNamespace { get; init; } = "";

    /// <inheritdoc cref="PidNamespace"/>
    public string IpcNamespace { get; init; } = "";

    /// <summary>The host's folder that is /dev/shm; empty: a tmpfs of its own.</summary>
    public string SharedMemory { get; init; } = "";

    /// <summary>The program that becomes process 1 and starts the command; empty: the command is process 1.</summary>
    public string InitProgram { get; init; } = "";
}

/// <summary>Writes the OCI configuration of a container.</summary>
public sealed class SpecWriter(EngineOptions options, CgroupLayout cgroups, SeccompCache seccomp)
{
    private const long DefaultShmSize = 64 << 20;
    private const string InitPath = "/sbin/docker-init";
    private const string DefaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private readonly ulong _bounding = ProcessCapabilities.BoundingSet();

    /// <summary>What privileged containers and execs get.</summary>
    internal IReadOnlyList<string> AllCapabilities => [.. CapabilitySet.Of(["ALL"], null, _bounding)];

    public string CgroupPath(ContainerRecord container) =>
        (string.IsNullOrEmpty(container.HostConfig.CgroupParent) ? options.CgroupParent : container.HostConfig.CgroupParent).TrimEnd('/') + "/" + container.Id;

    /// <returns>The configuration, and the key of the filter that the runtime will have to compile, if it must.</returns>
    /// <exception cref="EngineException">400: an unknown user or group. 500: a device that is not there.</exception>
    public (OciSpec Spec, string? UncompiledSeccomp) Write(SpecInput input)
    {
        var container = input.Container;
        var host = container.HostConfig;
        var capabilities = CapabilitySet.Of(host.Privileged ? ["ALL"] : host.CapAdd, host.Privileged ? null : host.CapDrop, _bounding);
        var security = SecurityOptions.Parse(host.SecurityOpt, options.Defaults);
        var filter = host.Privileged && security.Seccomp == options.Defaults.SeccompProfile || security.Seccomp == SecurityOptions.Unconfined ? default
            : security.Seccomp.Length > 0 ? seccomp.Get(SeccompFile.Parse(security.Seccomp, capabilities))
            : seccomp.Get(capabilities);
        var annotations = new Dictionary<string, string>(host.Annotations ?? []);
        if (filter.Compiled is not null)
        {
            annotations[SeccompCache.Annotation] = filter.Compiled;
        }

        var devices = SpecDevices.Of(host);
        var spec = new OciSpec
        {
            Process = Process(input, capabilities, security.NoNewPrivileges),
            Root = new OciRoot(input.Rootfs, host.ReadonlyRootfs),
            Hostname = host.UTSMode == "host" ? null : input.Hostname,
            Domainname = string.IsNullOrEmpty(container.Config.Domainname) ? null : container.Config.Domainname,
            Mounts = SpecMounts.Of(input, InitPath),
            Annotations = annotations.Count > 0 ? annotations : null,
            Linux = new OciLinux
            {
                CgroupsPath = CgroupPath(container),
                Namespaces = SpecNamespaces.Of(input, cgroups),
                Devices = devices.Count > 0 ? devices : null,
                Resources = SpecResources.Of(host, cgroups) with { Devices = SpecDevices.Rules(host, devices) },
                Sysctl = Sysctls(input),
                Seccomp = filter.Compiled is null ? filter.Profile : null,
                MaskedPaths = host.Privileged ? null : host.MaskedPaths ?? MaskedPaths.Default,
                ReadonlyPaths = host.Privileged ? null : host.ReadonlyPaths ?? ReadonlyPaths.Default,
            },
        };
        if (DeviceRequests.Names(host) is { Count: > 0 } names)
        {
            spec = new CdiCatalog(options.CdiFolders).Edits(names).Aggregate(spec, CdiInjection.Apply);
        }

        return (spec, filter.Compiled is null ? filter.Key : null);
    }

    private static OciProcess Process(SpecInput input, ImmutableSortedSet<string> capabilities, bool noNewPrivileges)
    {
        var (config, host) = (input.Container.Config, input.Container.HostConfig);
        string[] caps = [.. capabilities];
        return new OciProcess
        {
            Terminal = config.Tty,
            ConsoleSize = config.Tty && host.ConsoleSize is [> 0 and var height, > 0 and var width] ? new OciConsoleSize(height, width) : null,
            User = ContainerUser.Resolve(input.Rootfs, config.User ?? "", host.GroupAdd),
            Args = input.InitProgram.Length > 0 ? [InitPath, "--", .. input.Container.Command] : input.Container.Command,
            Env = EnvironmentOf(config, input.Hostname),
            Cwd = string.IsNullOrEmpty(config.WorkingDir) ? "/" : config.WorkingDir,
            Capabilities = new OciCapabilities(caps, caps, caps),
            Rlimits = Rlimits(host.Ulimits),
            OomScoreAdj = OomScore(host.OomScoreAdj),
            NoNewPrivileges = noNewPrivileges,
        };
    }

    /// <summary>Docker's own variables first, so that the image and the user can replace them.</summary>
    public static IReadOnlyList<string> EnvironmentOf(ContainerConfig config, string hostname)
    {
        List<string> environment = [DefaultPath, "HOSTNAME=" + hostname];
        if (config.Tty)
        {
            environment.Add("TERM=xterm");
        }

        return Overlay(environment, config.Env ?? []);
    }

    /// <summary>The later value of a name wins; a name alone removes it.</summary>
    public static IReadOnlyList<string> Overlay(IReadOnlyList<string> lower, IReadOnlyList<string> upper)
    {
        var result = new List<string>(lower);
        foreach (var entry in upper)
        {
            var equals = entry.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? entry : entry[..equals];
            var index = result.FindIndex(e => e.StartsWith(name, StringComparison.Ordinal) && (e.Length == name.Length || e[name.Length] == '='));
            if (equals < 0)
            {
                if (index >= 0)
                {
                    result.RemoveAt(index);
                }
            }
            else if (index >= 0)
            {
                result[index] = entry;
            }
            else
            {
                result.Add(entry);
            }
        }

        return result;
    }

    /// <summary>Without CAP_SYS_RESOURCE no limit can be raised above our own: ask for no more. .NET raises its own soft limit of files, which is not for containers.</summary>
    private static List<OciRlimit> Rlimits(IReadOnlyList<Ulimit>? ulimits)
    {
        const ulong softFiles = 1024;
        List<OciRlimit> limits = [];
        foreach (var ulimit in ulimits ?? [])
        {
            var own = ResourceLimits.Hard(ulimit.Name);
            var hard = Math.Min(ulimit.Hard < 0 ? ulong.MaxValue : (ulong)ulimit.Hard, own);
            limits.Add(new OciRlimit("RLIMIT_" + ulimit.Name.ToUpperInvariant(), hard, Math.Min(ulimit.Soft < 0 ? ulong.MaxValue : (ulong)ulimit.Soft, hard)));
        }

        if (!limits.Exists(l => l.Type == "RLIMIT_NOFILE"))
        {
            var hard = ResourceLimits.Hard("nofile");
            limits.Add(new OciRlimit("RLIMIT_NOFILE", hard, Math.Min(softFiles, hard)));
        }

        return limits;
    }

    private static int? OomScore(int wanted)
    {
        // Inherited otherwise, and the daemon's may be lower (--oom-score-adjust) than a container's may.
        var own = int.Parse(File.ReadAllText("/proc/self/oom_score_adj"), System.Globalization.CultureInfo.InvariantCulture);
        return wanted == 0 && own == 0 ? null : Math.Max(wanted, own);
    }

    private static Dictionary<string, string>? Sysctls(SpecInput input)
    {
        var sysctls = new Dictionary<string, string>(StringComparer.Ordinal);
        if (input.NetworkNamespace.Length > 0 && !input.JoinsNetwork)
        {
            // As Docker: in a network of its own, a container's user may use low ports and ping.
            sysctls["net.ipv4.ip_unprivileged_port_start"] = "0";
            if (input.UserNamespace.Length == 0)
            {
                sysctls["net.ipv4.ping_group_range"] = "0 2147483647"; // all groups, which a user namespace does not have
            }
        }

        foreach (var (name, value) in input.Container.HostConfig.Sysctls ?? [])
        {
            sysctls[name] = value;
        }

        return sysctls.Count > 0 ? sysctls : null;
    }

    internal static long ShmSize(HostConfig host) => host.ShmSize > 0 ? host.ShmSize : DefaultShmSize;
}
