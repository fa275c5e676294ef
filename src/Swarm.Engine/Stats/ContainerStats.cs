using System.Text.Json.Serialization;

namespace Swarm.Engine.Stats;

// The names are those of the wire, in snake case; `set`, because what is absent has a value of its own.

/// <summary>The answer of GET /containers/{id}/stats, once or once a second.</summary>
public sealed record ContainerStats
{
    public required string Name { get; set; }
    public required string Id { get; set; }

    /// <summary>RFC 3339; the year 1 if nothing was read.</summary>
    public string Read { get; set; } = Containers.ContainerViews.Never;

    /// <summary>When <see cref="PrecpuStats"/> were read.</summary>
    public string Preread { get; set; } = Containers.ContainerViews.Never;
    public PidsStats PidsStats { get; set; } = new();
    public BlkioStats BlkioStats { get; set; } = new();
    public int NumProcs { get; set; }
    public StorageStats StorageStats { get; set; } = new();
    public CpuStats CpuStats { get; set; } = new();
    public CpuStats PrecpuStats { get; set; } = new();
    public MemoryStats MemoryStats { get; set; } = new();
    public Dictionary<string, NetworkStats>? Networks { get; set; }
}

public sealed record PidsStats
{
    public ulong? Current { get; set; }

    /// <summary>2^64-1: none.</summary>
    public ulong? Limit { get; set; }
}

public sealed record StorageStats;

public sealed record BlkioStats
{
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public IReadOnlyList<BlkioEntry>? IoServiceBytesRecursive { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public IReadOnlyList<BlkioEntry>? IoServicedRecursive { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public IReadOnlyList<BlkioEntry>? IoQueueRecursive { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public IReadOnlyList<BlkioEntry>? IoServiceTimeRecursive { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public IReadOnlyList<BlkioEntry>? IoWaitTimeRecursive { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public IReadOnlyList<BlkioEntry>? IoMergedRecursive { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public IReadOnlyList<BlkioEntry>? IoTimeRecursive { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public IReadOnlyList<BlkioEntry>? SectorsRecursive { get; set; }
}

public sealed record BlkioEntry(ulong Major, ulong Minor, string Op, ulong Value);

public sealed record CpuStats
{
    public CpuUsage CpuUsage { get; set; } = new();

    /// <summary>Nanoseconds that all processors of the machine worked.</summary>
    public ulong? SystemCpuUsage { get; set; }
    public uint? OnlineCpus { get; set; }
    public ThrottlingData ThrottlingData { get; set; } = new();
}

/// <summary>Nanoseconds.</summary>
public sealed record CpuUsage
{
    public ulong TotalUsage { get; set; }

    /// <summary>Control groups of version 1 only.</summary>
    public IReadOnlyList<ulong>? PercpuUsage { get; set; }
    public ulong UsageInKernelmode { get; set; }
    public ulong UsageInUsermode { get; set; }
}

public sealed record ThrottlingData
{
    public ulong Periods { get; set; }
    public ulong ThrottledPeriods { get; set; }

    /// <summary>Nanoseconds.</summary>
    public ulong ThrottledTime { get; set; }
}

/// <summary>Bytes.</summary>
public sealed record MemoryStats
{
    public ulong? Usage { get; set; }
    public ulong? MaxUsage { get; set; }

    /// <summary>memory.stat, as the kernel names it.</summary>
    public Dictionary<string, ulong>? Stats { get; set; }
    public ulong? Failcnt { get; set; }
    public ulong? Limit { get; set; }
}

public sealed record NetworkStats(
    ulong RxBytes, ulong RxPackets, ulong RxErrors, ulong RxDropped, ulong TxBytes, ulong TxPackets, ulong TxErrors, ulong TxDropped);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ContainerStats))]
public sealed partial class StatsJson : JsonSerializerContext;
