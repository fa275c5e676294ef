using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine.Containers;

/// <summary>POST /containers/{id}/update: what is given takes the place of what was; 0 and nothing leave it.</summary>
internal static class ContainerUpdate
{
    /// <param name="change">Only its limits and its restart policy count.</param>
    /// <exception cref="EngineException">400 with Docker's words.</exception>
    public static HostConfig Merge(HostConfig old, HostConfig change)
    {
        ResourceChecks.Check(change, isUpdate: true);
        ResourceChecks.CheckRestart(change.RestartPolicy, autoRemove: false);
        Require(change.RestartPolicy?.Name is null or "" || !old.AutoRemove, "Restart policy cannot be updated because AutoRemove is enabled for the container");
        Require(change.NanoCpus == 0 || old.CpuPeriod == 0, "Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set");
        Require(change.NanoCpus == 0 || old.CpuQuota == 0, "Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set");
        Require(change.CpuPeriod == 0 || old.NanoCpus == 0, "Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set");
        Require(change.CpuQuota == 0 || old.NanoCpus == 0, "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set");
        Require(
            change.Memory == 0 || change.MemorySwap != 0 || old.MemorySwap <= 0 || change.Memory <= old.MemorySwap,
            "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time");
        Require(change.MemorySwap <= 0 || change.Memory != 0 || old.Memory <= change.MemorySwap, "Minimum memoryswap limit should be larger than memory limit, see usage");
        Require(change.Devices is not { Count: > 0 } && change.DeviceCgroupRules is not { Count: > 0 }, "devices of a container cannot be updated");
        return old with
        {
            BlkioWeight = Given(change.BlkioWeight, old.BlkioWeight),
            CpuShares = Given(change.CpuShares, old.CpuShares),
            CpuPeriod = Given(change.CpuPeriod, old.CpuPeriod),
            CpuQuota = Given(change.CpuQuota, old.CpuQuota),
            CpuRealtimePeriod = Given(change.CpuRealtimePeriod, old.CpuRealtimePeriod),
            CpuRealtimeRuntime = Given(change.CpuRealtimeRuntime, old.CpuRealtimeRuntime),
            CpusetCpus = string.IsNullOrEmpty(change.CpusetCpus) ? old.CpusetCpus : change.CpusetCpus,
            CpusetMems = string.IsNullOrEmpty(change.CpusetMems) ? old.CpusetMems : change.CpusetMems,
            Memory = Given(change.Memory, old.Memory),
            MemorySwap = Given(change.MemorySwap, old.MemorySwap),
            MemoryReservation = Given(change.MemoryReservation, old.MemoryReservation),
            NanoCpus = Given(change.NanoCpus, old.NanoCpus),
            PidsLimit = change.PidsLimit is { } limit ? Math.Max(0, limit) : old.PidsLimit,
            RestartPolicy = change.RestartPolicy?.Name is null or "" ? old.RestartPolicy : change.RestartPolicy,
        };
    }

    private static long Given(long change, long old) => change != 0 ? change : old;

    private static int Given(int change, int old) => change != 0 ? change : old;

    private static void Require(bool valid, string message) => ResourceChecks.Require(valid, message);
}
