using Swarm.Engine.Containers.Wire;
using Swarm.Linux;

namespace Swarm.Engine.Runtime;

/// <summary>A container's limits as the runtime writes them into control groups.</summary>
internal static class SpecResources
{
    private const ulong CpuPeriod = 100_000;

    /// <summary>Without rules for devices, which <see cref="SpecDevices"/> makes.</summary>
    /// <exception cref="EngineException">500: a device that is to be limited is not there.</exception>
    public static OciResources Of(HostConfig host, CgroupLayout cgroups) => new()
    {
        Devices = [],
        Memory = Memory(host, cgroups),
        Cpu = Cpu(host),
        Pids = host.PidsLimit > 0 ? new OciPids(host.PidsLimit.Value) : null,
        BlockIo = BlockIo(host),
    };

    private static OciMemory? Memory(HostConfig host, CgroupLayout cgroups)
    {
        var memory = new OciMemory
        {
            Limit = host.Memory > 0 ? host.Memory : null,
            Swap = Swap(host, cgroups),
            Reservation = host.MemoryReservation > 0 ? host.MemoryReservation : null,
            Swappiness = host.MemorySwappiness is >= 0 and var swappiness ? (ulong)swappiness : null,
            DisableOomKiller = host.OomKillDisable == true ? true : null,
        };
        return memory == new OciMemory() ? null : memory;
    }

    /// <summary>As Docker: as much swap again as memory, unless told otherwise.</summary>
    private static long? Swap(HostConfig host, CgroupLayout cgroups) => !cgroups.LimitsSwap || host.Memory <= 0 ? null
        : host.MemorySwap == 0 ? (host.Memory > long.MaxValue / 2 ? null : host.Memory * 2)
        : host.MemorySwap;

    private static OciCpu? Cpu(HostConfig host)
    {
        var (quota, period) = host.NanoCpus > 0
            ? (host.NanoCpus * (long)CpuPeriod / 1_000_000_000, CpuPeriod)
            : (host.CpuQuota, (ulong)Math.Max(0, host.CpuPeriod));
        var cpu = new OciCpu
        {
            Shares = host.CpuShares > 0 ? (ulong)host.CpuShares : null,
            Quota = quota > 0 ? quota : null,
            Period = period > 0 ? period : null,
            RealtimePeriod = host.CpuRealtimePeriod > 0 ? (ulong)host.CpuRealtimePeriod : null,
            RealtimeRuntime = host.CpuRealtimeRuntime != 0 ? host.CpuRealtimeRuntime : null,
            Cpus = string.IsNullOrEmpty(host.CpusetCpus) ? null : host.CpusetCpus,
            Mems = string.IsNullOrEmpty(host.CpusetMems) ? null : host.CpusetMems,
        };
        return cpu == new OciCpu() ? null : cpu;
    }

    private static OciBlockIo? BlockIo(HostConfig host)
    {
        var limits = new OciBlockIo
        {
            Weight = host.BlkioWeight > 0 ? host.BlkioWeight : null,
            WeightDevice = host.BlkioWeightDevice is { Count: > 0 } weights
                ? [.. weights.Select(w => Node(w.Path) is var node ? new OciWeightDevice(node.Major, node.Minor, w.Weight) : null!)]
                : null,
            ThrottleReadBpsDevice = Throttle(host.BlkioDeviceReadBps),
            ThrottleWriteBpsDevice = Throttle(host.BlkioDeviceWriteBps),
            ThrottleReadIopsDevice = Throttle(host.BlkioDeviceReadIOps),
            ThrottleWriteIopsDevice = Throttle(host.BlkioDeviceWriteIOps),
        };
        return limits == new OciBlockIo() ? null : limits;
    }

    private static List<OciThrottleDevice>? Throttle(IReadOnlyList<ThrottleDevice>? devices) => devices is not { Count: > 0 } ? null
        : [.. devices.Select(d => Node(d.Path) is var node ? new OciThrottleDevice(node.Major, node.Minor, d.Rate) : null!)];

    private static DeviceNode Node(string path) => DeviceNode.Of(path) ?? throw new EngineException(500, $"stat {path}: no such device");
}
