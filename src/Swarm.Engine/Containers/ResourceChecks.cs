using System.Globalization;
using Swarm.Engine.Containers.Wire;

namespace Swarm.Engine.Containers;

/// <summary>Limits that are wrong in themselves, of a new container and of an update, with Docker's words.</summary>
internal static class ResourceChecks
{
    private const long MinimumMemory = 6 << 20, MinimumPeriod = 1000, MaximumPeriod = 1_000_000;

    /// <exception cref="EngineException">400.</exception>
    public static void Check(HostConfig host, bool isUpdate)
    {
        Require(host.Memory is 0 or >= MinimumMemory, "Minimum memory limit allowed is 6MB");
        Require(host.MemorySwap is 0 or -1 || host.Memory > 0 || isUpdate, "You should always set the Memory limit when using Memoryswap limit, see usage");
        Require(host.MemorySwap is 0 or -1 || host.MemorySwap >= host.Memory, "Minimum memoryswap limit should be larger than memory limit, see usage");
        Require(host.MemorySwappiness is null or (>= -1 and <= 100), $"Invalid value: {host.MemorySwappiness}, valid memory swappiness range is 0-100");
        Require(host.MemoryReservation is 0 or >= MinimumMemory, "Minimum memory reservation allowed is 6MB");
        Require(host is { Memory: 0 } or { MemoryReservation: 0 } || host.Memory >= host.MemoryReservation, "Minimum memory limit can not be less than memory reservation limit, see usage");
        Require(host.NanoCpus == 0 || host.CpuPeriod == 0, "Conflicting options: Nano CPUs and CPU Period cannot both be set.");
        Require(host.NanoCpus == 0 || host.CpuQuota == 0, "Conflicting options: Nano CPUs and CPU Quota cannot both be set.");
        const long billion = 1_000_000_000, hundredth = billion / 100;
        var cpus = Environment.ProcessorCount;
        Require(host.NanoCpus == 0 || (host.NanoCpus >= hundredth && host.NanoCpus <= cpus * billion), $"range of CPUs is from 0.01 to {cpus}.00, as there are only {cpus} CPUs available");
        Require(host.CpuShares >= 0, $"invalid CPU shares ({host.CpuShares}): value must be a positive integer");
        Require(host.CpuPeriod is 0 or (>= MinimumPeriod and <= MaximumPeriod), "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
        Require(host.CpuQuota <= 0 || host.CpuQuota >= MinimumPeriod, "CPU cfs quota can not be less than 1ms (i.e. 1000)");
        Require(host.CpuRealtimePeriod == 0 || host.CpuRealtimeRuntime <= host.CpuRealtimePeriod, "cpu real-time runtime cannot be higher than cpu real-time period");
        Require((host.CpuRealtimePeriod, host.CpuRealtimeRuntime) == (0, 0) || File.Exists("/sys/fs/cgroup/cpu/cpu.rt_period_us"), "Your kernel does not support CPU real-time scheduler");
        Require(host.BlkioWeight is 0 or (>= 10 and <= 1000), "Range of blkio weight is from 10 to 1000");
        Require(host.IOMaximumBandwidth == 0, "Invalid QoS settings: linux does not support Maximum IO Bandwidth");
        Require(host.IOMaximumIOps == 0, "Invalid QoS settings: linux does not support Maximum IOPs");
        CheckSet(host.CpusetCpus, "cpuset cpus", "CPUs", "/sys/devices/system/cpu/online");
        CheckSet(host.CpusetMems, "cpuset mems", "memory nodes", "/sys/devices/system/node/online");
    }

    /// <exception cref="EngineException">400.</exception>
    public static void CheckRestart(RestartPolicy? policy, bool autoRemove)
    {
        Require(policy?.Name is null or "" or "no" or "always" or "unless-stopped" or "on-failure", $"invalid restart policy: unknown policy '{policy?.Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'");
        Require(policy is null or { MaximumRetryCount: >= 0 }, "invalid restart policy: maximum retry count cannot be negative");
        Require(policy is null or { MaximumRetryCount: 0 } or { Name: "on-failure" }, "invalid restart policy: maximum retry count can only be used with 'on-failure'");
        Require(!autoRemove || policy?.Name is null or "" or "no", "can't create 'AutoRemove' container with restart policy");
    }

    /// <summary>A list such as 0-2,4 of what the machine has.</summary>
    private static void CheckSet(string? list, string what, string units, string onlineFile)
    {
        if (string.IsNullOrEmpty(list))
        {
            return;
        }

        var wanted = Numbers(list);
        Require(wanted is not null, $"Invalid value {list} for {what}");
        if (File.Exists(onlineFile))
        {
            var online = File.ReadAllText(onlineFile).Trim();
            var available = Numbers(online) ?? [];
            Require(wanted!.All(available.Contains), $"Requested {units} are not available - requested {list}, available: {online}");
        }
    }

    private static HashSet<int>? Numbers(string list)
    {
        const int most = 8192;
        HashSet<int> numbers = [];
        foreach (var part in list.Split(','))
        {
            var ends = part.Split('-');
            if (ends.Length > 2 || !Number(ends[0], out var first) || !Number(ends[^1], out var last) || last < first || last >= most)
            {
                return null;
            }

            numbers.UnionWith(Enumerable.Range(first, last - first + 1));
        }

        return numbers;
    }

    private static bool Number(string text, out int number) => int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out number);

    internal static void Require(bool valid, string message)
    {
        if (!valid)
        {
            throw EngineException.BadRequest(message);
        }
    }
}
