using System.Text.RegularExpressions;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Devices;
using Swarm.Engine.Health;
using Swarm.Engine.Runtime;
using Swarm.Engine.UserNamespaces;
using Swarm.Linux;

namespace Swarm.Engine.Containers;

/// <summary>Refuses what is wrong in itself, with Docker's words; and what is not built, rather than run a container that is not what was asked for.</summary>
internal static partial class HostConfigSupport
{
    private const int WorstOomScore = 1000;

    /// <exception cref="EngineException">400 or 501, naming the field.</exception>
    public static void Check(ContainerConfig config, HostConfig host)
    {
        Require(host.UsernsMode is null or "" or "host", $"invalid user namespace mode: {host.UsernsMode}");
        DeviceRequests.Check(host);
        CheckModes(config, host);
        CapabilitySet.Check(host.CapAdd, "CapAdd");
        CapabilitySet.Check(host.CapDrop, "CapDrop");
        foreach (var ulimit in host.Ulimits ?? [])
        {
            Require(ResourceLimits.IsKnown(ulimit.Name), $"invalid ulimit type: {ulimit.Name}");
            Require(ulimit.Hard < 0 || ulimit.Soft <= ulimit.Hard, $"ulimit soft limit must be less than or equal to hard limit: {ulimit.Soft} > {ulimit.Hard}");
        }

        var security = SecurityOptions.Parse(host.SecurityOpt);
        if (security.Seccomp is not ("" or SecurityOptions.Unconfined))
        {
            SeccompFile.Parse(security.Seccomp, new HashSet<string>());
        }

        foreach (var device in host.Devices ?? [])
        {
            Require(device.CgroupPermissions.Length == 0 || PermissionsPattern().IsMatch(device.CgroupPermissions), $"invalid device mode: {device.CgroupPermissions}");
        }

        foreach (var rule in host.DeviceCgroupRules ?? [])
        {
            SpecDevices.Parse(rule);
        }

        ResourceChecks.Check(host, isUpdate: false);
        ResourceChecks.CheckRestart(host.RestartPolicy, host.AutoRemove);
        HealthPlan.Check(config.Healthcheck);
        Require(host.ShmSize >= 0, "SHM size can not be less than 0");
        Require(host.OomScoreAdj is >= -WorstOomScore and <= WorstOomScore, $"Invalid value {host.OomScoreAdj}, range for oom score adj is [-1000, 1000]");
        Require(host.StorageOpt is not { Count: > 0 }, "--storage-opt is supported only for overlay over xfs with 'pquota' mount option");
        Require(host.Isolation is null or "" or "default", $"invalid isolation '{host.Isolation}' on linux");
        Require(host.Annotations?.ContainsKey("") != true, "invalid Annotations: the empty string is not permitted as an annotation key");
        Signals.Parse(config.StopSignal, Signals.Terminate);
        Require(string.IsNullOrEmpty(config.WorkingDir) || config.WorkingDir.StartsWith('/'), $"the working directory '{config.WorkingDir}' is invalid, it needs to be an absolute path");
        foreach (var port in config.ExposedPorts?.Keys ?? Enumerable.Empty<string>())
        {
            PortRequests.Parse(port);
        }

        CheckZeros(config, host);
        foreach (var variable in config.Env ?? [])
        {
            Require(variable.Length > 0 && variable[0] != '=', $"invalid environment variable: {variable}");
        }
    }

    /// <summary>What only the host's root can be given, in a daemon whose containers' root is another.</summary>
    /// <exception cref="EngineException">400 with Docker's words.</exception>
    public static void CheckRemapped(HostConfig host, IdMap ids)
    {
        if (ids.IsNone || host.UsernsMode == "host")
        {
            return;
        }

        Require(!host.Privileged, "privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode");
        Require(host.NetworkMode != "host", "cannot share the host's network namespace when user namespaces are enabled");
        Require(host.PidMode != "host", "cannot share the host PID namespace when user namespaces are enabled");
    }

    /// <summary>A zero byte ends a text for the kernel: what comes after it would silently be something else.</summary>
    private static void CheckZeros(ContainerConfig config, HostConfig host)
    {
        IEnumerable<string?> texts =
        [
            .. config.Env ?? [], .. config.Cmd ?? [], .. config.Entrypoint ?? [], .. config.Volumes?.Keys ?? Enumerable.Empty<string>(),
            config.User, config.WorkingDir, config.Hostname, config.Domainname, host.CgroupParent,
            .. host.Binds ?? [], .. host.Tmpfs?.Keys ?? Enumerable.Empty<string>(), .. (host.Mounts ?? []).SelectMany(m => new[] { m.Source, m.Target, m.VolumeOptions?.Subpath }),
            .. (host.Devices ?? []).SelectMany(d => new[] { d.PathOnHost, d.PathInContainer }), .. host.Sysctls?.Values ?? Enumerable.Empty<string>(),
        ];
        Require(!texts.Any(text => text?.Contains('\0', StringComparison.Ordinal) == true), "invalid argument: a path, a name or a command has a zero byte");
    }

    private static void CheckModes(ContainerConfig config, HostConfig host)
    {
        Require(host.PidMode is null or "" or "host" || IsContainer(host.PidMode), $"invalid PID mode: {host.PidMode}");
        Require(host.IpcMode is null or "" or "none" or "host" or "private" or "shareable" || IsContainer(host.IpcMode), $"invalid IPC mode: {host.IpcMode}");
        Require(host.UTSMode is null or "" or "host", $"invalid UTS mode: {host.UTSMode}");
        Require(host.CgroupnsMode is null or "" or "private" or "host", $"invalid cgroup namespace mode: {host.CgroupnsMode}");
        var hasHostname = !string.IsNullOrEmpty(config.Hostname);
        Require(host.UTSMode != "host" || !hasHostname, "conflicting options: hostname and the UTS mode");
        if (host.NetworkMode?.StartsWith("container:", StringComparison.Ordinal) != true)
        {
            return;
        }

        Require(IsContainer(host.NetworkMode), "Invalid network mode: invalid container format container:<name|id>");
        Require(!hasHostname, "conflicting options: hostname and the network mode");
        Require(host.Dns is not { Count: > 0 }, "conflicting options: dns and the network mode");
        Require(host.ExtraHosts is not { Count: > 0 }, "conflicting options: custom host-to-IP mapping and the network mode");
        Require(host.PortBindings is not { Count: > 0 } && !host.PublishAllPorts, "conflicting options: port publishing and the container type network mode");
        Require(config.ExposedPorts is not { Count: > 0 }, "conflicting options: port exposing and the container type network mode");
    }

    private static bool IsContainer(string mode) => SharedNamespaces.ContainerOf(mode) is { Length: > 0 };

    private static void Require(bool valid, string message) => ResourceChecks.Require(valid, message);

    [GeneratedRegex("^[rwm]{1,3}$")]
    private static partial Regex PermissionsPattern();
}
