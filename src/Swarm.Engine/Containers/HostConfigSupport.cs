using System.Text.Json;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Runtime;
using Swarm.Linux;

namespace Swarm.Engine.Containers;

/// <summary>Refuses what is not built, rather than run a container that is not what was asked for; and what is wrong in itself.</summary>
internal static class HostConfigSupport
{
    private const long MinimumMemory = 6 << 20;

    /// <exception cref="EngineException">400 or 501, naming the field.</exception>
    public static void Check(ContainerConfig config, HostConfig host)
    {
        Refuse(host.Privileged, "--privileged");
        Refuse(host.PidMode is not (null or ""), $"--pid {host.PidMode}");
        Refuse(host.IpcMode is not (null or "" or "private" or "shareable"), $"--ipc {host.IpcMode}");
        Refuse(host.UTSMode is not (null or "" or "host"), $"--uts {host.UTSMode}");
        Refuse(host.UsernsMode is not (null or "" or "host"), $"--userns {host.UsernsMode}");
        Refuse(host.CgroupnsMode is not (null or "" or "private" or "host"), $"--cgroupns {host.CgroupnsMode}");
        Refuse(host.VolumesFrom is { Count: > 0 }, "--volumes-from");
        Refuse(host.Links is { Count: > 0 }, "--link");
        Refuse(IsList(host.Devices), "--device");
        Refuse(IsList(host.DeviceRequests), "--gpus and other device requests");
        Refuse(host.DeviceCgroupRules is { Count: > 0 }, "--device-cgroup-rule");
        Refuse(host.BlkioWeight != 0 || IsList(host.BlkioWeightDevice) || IsList(host.BlkioDeviceReadBps) || IsList(host.BlkioDeviceWriteBps)
            || IsList(host.BlkioDeviceReadIOps) || IsList(host.BlkioDeviceWriteIOps), "limits of block I/O");
        Refuse(host.CpuRealtimePeriod != 0 || host.CpuRealtimeRuntime != 0, "--cpu-rt-period and --cpu-rt-runtime");
        Refuse(host.MemorySwappiness is not (null or -1), "--memory-swappiness");
        Refuse(host.OomKillDisable == true, "--oom-kill-disable");
        Refuse(host.StorageOpt is { Count: > 0 }, "--storage-opt");
        Refuse(host.Init == true, "--init");
        Refuse(host.Runtime is not (null or "" or "runc" or "crun" or "io.containerd.runc.v2"), $"--runtime {host.Runtime}");
        Refuse(host.Isolation is not (null or "" or "default"), "--isolation");
        Refuse(host.VolumeDriver is not (null or "" or "local"), "--volume-driver");
        Refuse(host.NetworkMode?.StartsWith("container:", StringComparison.Ordinal) == true, "--network container:ID");
        Refuse(config.Healthcheck?.Test is [not "NONE", ..], "a healthcheck");
        foreach (var option in host.SecurityOpt ?? [])
        {
            Refuse(!IsKnownSecurity(option), $"--security-opt {option}");
        }

        CapabilitySet.Check(host.CapAdd, "CapAdd");
        CapabilitySet.Check(host.CapDrop, "CapDrop");
        foreach (var ulimit in host.Ulimits ?? [])
        {
            Require(ResourceLimits.IsKnown(ulimit.Name), $"invalid ulimit type: {ulimit.Name}");
        }

        Require(host.Memory is 0 or >= MinimumMemory, "Minimum memory limit allowed is 6MB");
        Require(host.MemorySwap is 0 or -1 || host.Memory > 0, "You should always set the Memory limit when using Memoryswap limit, see usage");
        Require(host.MemorySwap is 0 or -1 || host.MemorySwap >= host.Memory, "Minimum memoryswap limit should be larger than memory limit, see usage");
        Require(host.NanoCpus == 0 || host is { CpuPeriod: 0, CpuQuota: 0 }, "Conflicting options: Nano CPUs and CPU Period cannot both be set.");
        Require(host.LogConfig?.Type is null or "" or "json-file" or "none", $"logger: no log driver named '{host.LogConfig?.Type}' is registered");
        CheckRestart(host);
        Signals.Parse(config.StopSignal, Signals.Terminate);
        Require(string.IsNullOrEmpty(config.WorkingDir) || config.WorkingDir.StartsWith('/'), $"the working directory '{config.WorkingDir}' is invalid, it needs to be an absolute path");
    }

    private static void CheckRestart(HostConfig host)
    {
        var policy = host.RestartPolicy;
        Require(policy?.Name is null or "" or "no" or "always" or "unless-stopped" or "on-failure", $"invalid restart policy: unknown policy '{policy?.Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'");
        Require(policy is null or { MaximumRetryCount: 0 } or { Name: "on-failure" }, "invalid restart policy: maximum retry count can only be used with 'on-failure'");
        Require(!host.AutoRemove || policy?.Name is null or "" or "no", "can't create 'AutoRemove' container with restart policy");
    }

    private static bool IsKnownSecurity(string option) => option is "no-new-privileges" or "no-new-privileges:true" or "no-new-privileges=true"
        or "seccomp=unconfined" or "seccomp:unconfined" or "seccomp=builtin" or "apparmor=unconfined" or "label=disable";

    private static bool IsList(JsonElement? element) => element is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0;

    private static void Refuse(bool wanted, string what)
    {
        if (wanted)
        {
            throw EngineException.NotImplemented($"{what} is not built yet: create the container without it");
        }
    }

    private static void Require(bool valid, string message)
    {
        if (!valid)
        {
            throw EngineException.BadRequest(message);
        }
    }
}
