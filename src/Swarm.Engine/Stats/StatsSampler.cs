using System.Globalization;
using Swarm.Engine.Containers;
using Swarm.Engine.Runtime;

namespace Swarm.Engine.Stats;

/// <summary>
/// Reads what a container uses: control groups of version 1 (kernel documentation, admin-guide/cgroup-v1: cpuacct, memory, blkio, pids) or 2
/// (admin-guide/cgroup-v2.rst), and proc_pid_net(5).
/// </summary>
internal sealed class StatsSampler(CgroupLayout cgroups, TimeProvider time)
{
    private const ulong NanosecondsPerTick = 10_000_000, NanosecondsPerMicrosecond = 1000, BytesPerKibibyte = 1024;
    private readonly ulong _machineMemory = MachineMemory();

    /// <param name="cgroup">From the root of the hierarchy.</param>
    public ContainerStats Sample(Container container, string cgroup)
    {
        var stats = new ContainerStats { Name = "/" + container.Record.Name, Id = container.Id };
        if (!container.State.IsRunning)
        {
            return stats;
        }

        stats.Read = ContainerViews.Time(time.GetUtcNow());
        stats.PidsStats = Pids(cgroup);
        stats.MemoryStats = cgroups.Mode == CgroupMode.V2 ? MemoryV2(cgroup) : MemoryV1(cgroup);
        stats.BlkioStats = cgroups.Mode == CgroupMode.V2 ? BlkioV2(cgroup) : BlkioV1(cgroup);
        stats.CpuStats = cgroups.Mode == CgroupMode.V2 ? CpuV2(cgroup) : CpuV1(cgroup);
        (stats.CpuStats.SystemCpuUsage, stats.CpuStats.OnlineCpus) = Machine();
        stats.Networks = container.Network is null ? null : Networks(container.State.Pid);
        return stats;
    }

    private PidsStats Pids(string cgroup)
    {
        var folder = cgroups.FolderOf("pids", cgroup);
        var limit = KernelCounters.Number(folder + "/pids.max");

        // Docker has nothing to say of no limit where version 1 has none, and shows version 2's as it is.
        return new PidsStats { Current = KernelCounters.Number(folder + "/pids.current"), Limit = limit == ulong.MaxValue && cgroups.Mode != CgroupMode.V2 ? null : limit };
    }

    private MemoryStats MemoryV1(string cgroup)
    {
        var folder = cgroups.FolderOf("memory", cgroup);
        return new MemoryStats
        {
            Usage = KernelCounters.Number(folder + "/memory.usage_in_bytes"),
            MaxUsage = KernelCounters.Number(folder + "/memory.max_usage_in_bytes"),
            Failcnt = KernelCounters.Number(folder + "/memory.failcnt") is > 0 and var failures ? failures : null,
            Stats = KernelCounters.Table(folder + "/memory.stat"),
            Limit = Limit(KernelCounters.Number(folder + "/memory.limit_in_bytes")),
        };
    }

    private MemoryStats MemoryV2(string cgroup)
    {
        var folder = cgroups.FolderOf("memory", cgroup);
        return new MemoryStats
        {
            Usage = KernelCounters.Number(folder + "/memory.current"),
            Stats = KernelCounters.Table(folder + "/memory.stat"),
            Limit = Limit(KernelCounters.Number(folder + "/memory.max")),
        };
    }

    /// <summary>Without a limit of its own: the machine's memory.</summary>
    private ulong? Limit(ulong? limit) => limit > _machineMemory ? _machineMemory : limit;

    private CpuStats CpuV1(string cgroup)
    {
        var folder = cgroups.FolderOf("cpuacct", cgroup);
        var ticks = KernelCounters.Table(folder + "/cpuacct.stat");
        var throttling = KernelCounters.Table(cgroups.FolderOf("cpu", cgroup) + "/cpu.stat");
        return new CpuStats
        {
            CpuUsage = new CpuUsage
            {
                TotalUsage = KernelCounters.Number(folder + "/cpuacct.usage") ?? 0,
                PercpuUsage = KernelCounters.List(folder + "/cpuacct.usage_percpu"),
                UsageInUsermode = ticks.GetValueOrDefault("user") * NanosecondsPerTick,
                UsageInKernelmode = ticks.GetValueOrDefault("system") * NanosecondsPerTick,
            },
            ThrottlingData = new ThrottlingData
            {
                Periods = throttling.GetValueOrDefault("nr_periods"),
                ThrottledPeriods = throttling.GetValueOrDefault("nr_throttled"),
                ThrottledTime = throttling.GetValueOrDefault("throttled_time"),
            },
        };
    }

    private CpuStats CpuV2(string cgroup)
    {
        var stat = KernelCounters.Table(cgroups.FolderOf("cpu", cgroup) + "/cpu.stat");
        return new CpuStats
        {
            CpuUsage = new CpuUsage
            {
                TotalUsage = stat.GetValueOrDefault("usage_usec") * NanosecondsPerMicrosecond,
                UsageInUsermode = stat.GetValueOrDefault("user_usec") * NanosecondsPerMicrosecond,
                UsageInKernelmode = stat.GetValueOrDefault("system_usec") * NanosecondsPerMicrosecond,
            },
            ThrottlingData = new ThrottlingData
            {
                Periods = stat.GetValueOrDefault("nr_periods"),
                ThrottledPeriods = stat.GetValueOrDefault("nr_throttled"),
                ThrottledTime = stat.GetValueOrDefault("throttled_usec") * NanosecondsPerMicrosecond,
            },
        };
    }

    private BlkioStats BlkioV1(string cgroup)
    {
        var folder = cgroups.FolderOf("blkio", cgroup);
        return new BlkioStats
        {
            IoServiceBytesRecursive = Entries(folder + "/blkio.throttle.io_service_bytes_recursive"),
            IoServicedRecursive = Entries(folder + "/blkio.throttle.io_serviced_recursive"),
        };

        // Lines such as "254:0 Read 4096".
        static List<BlkioEntry> Entries(string path) =>
            [.. (KernelCounters.Text(path) ?? "").Split('\n').Select(line => line.Split(' ')).Where(fields => fields.Length == 3)
                .Select(fields => Entry(fields[0], fields[1], fields[2])).OfType<BlkioEntry>()];
    }

    private BlkioStats BlkioV2(string cgroup)
    {
        List<BlkioEntry> entries = [];

        // Lines such as "254:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0".
        foreach (var fields in (KernelCounters.Text(cgroups.FolderOf("io", cgroup) + "/io.stat") ?? "").Split('\n').Select(line => line.Split(' ')))
        {
            foreach (var field in fields.Skip(1))
            {
                var (op, value) = field.Split('=') switch
                {
                    ["rbytes", var bytes] => ("read", bytes),
                    ["wbytes", var bytes] => ("write", bytes),
                    _ => ("", ""),
                };
                if (op.Length > 0 && Entry(fields[0], op, value) is { } entry)
                {
                    entries.Add(entry);
                }
            }
        }

        return new BlkioStats { IoServiceBytesRecursive = entries };
    }

    private static BlkioEntry? Entry(string device, string op, string value) =>
        device.Split(':') is [var major, var minor]
        && ulong.TryParse(major, NumberStyles.None, CultureInfo.InvariantCulture, out var majorNumber)
        && ulong.TryParse(minor, NumberStyles.None, CultureInfo.InvariantCulture, out var minorNumber)
        && ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? new BlkioEntry(majorNumber, minorNumber, op, count)
            : null;

    /// <summary>proc_stat(5): the first line's user, nice, system, idle, iowait, irq and softirq in ticks; one more line per processor.</summary>
    private static (ulong Nanoseconds, uint Cpus) Machine()
    {
        const int fields = 7;
        var lines = (KernelCounters.Text("/proc/stat") ?? "").Split('\n').Where(l => l.StartsWith("cpu", StringComparison.Ordinal)).ToList();
        ulong ticks = 0;
        foreach (var field in lines.FirstOrDefault("").Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(fields))
        {
            ticks += ulong.Parse(field, CultureInfo.InvariantCulture);
        }

        return (ticks * NanosecondsPerTick, (uint)Math.Max(0, lines.Count - 1));
    }

    /// <summary>proc_pid_net(5), dev: counters of the interfaces of the process's network.</summary>
    private static Dictionary<string, NetworkStats> Networks(int pid)
    {
        const int counters = 16;
        var networks = new Dictionary<string, NetworkStats>(StringComparer.Ordinal);
        foreach (var line in (KernelCounters.Text($"/proc/{pid}/net/dev") ?? "").Split('\n'))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var values = colon < 0 ? [] : line[(colon + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(text => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0).ToArray();
            var name = colon < 0 ? "" : line[..colon].Trim();
            if (values.Length >= counters && name != "lo")
            {
                networks[name] = new NetworkStats(values[0], values[1], values[2], values[3], values[8], values[9], values[10], values[11]);
            }
        }

        return networks;
    }

    private static ulong MachineMemory()
    {
        var total = (KernelCounters.Text("/proc/meminfo") ?? "").Split('\n').FirstOrDefault(l => l.StartsWith("MemTotal:", StringComparison.Ordinal), "");
        return ulong.TryParse(total.Split(' ', StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(1), NumberStyles.None, CultureInfo.InvariantCulture, out var kibibytes)
            ? kibibytes * BytesPerKibibyte
            : ulong.MaxValue;
    }
}
