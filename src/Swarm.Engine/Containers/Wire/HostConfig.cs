using System.Text.Json;
using System.Text.Json.Serialization;

namespace Swarm.Engine.Containers.Wire;

/// <summary>
/// HostConfig of the Engine API: the part that depends on the host. What <see cref="HostConfigSupport"/> refuses is still read, to be told apart
/// from what nobody asked for.
/// </summary>
public sealed record HostConfig
{
    public IReadOnlyList<string>? Binds { get; init; }
    public string? ContainerIDFile { get; init; }
    public LogConfig? LogConfig { get; init; }

    /// <summary>default or empty (bridge), none, host, container:ID, or a network.</summary>
    public string? NetworkMode { get; init; }
    public Dictionary<string, IReadOnlyList<PortBinding>?>? PortBindings { get; init; }
    public RestartPolicy? RestartPolicy { get; init; }
    public bool AutoRemove { get; init; }
    public string? VolumeDriver { get; init; }
    public IReadOnlyList<string>? VolumesFrom { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<MountRequest>? Mounts { get; init; }
    public IReadOnlyList<int>? ConsoleSize { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Dictionary<string, string>? Annotations { get; init; }
    public IReadOnlyList<string>? CapAdd { get; init; }
    public IReadOnlyList<string>? CapDrop { get; init; }
    public string? CgroupnsMode { get; init; }
    public IReadOnlyList<string>? Dns { get; init; }
    public IReadOnlyList<string>? DnsOptions { get; init; }
    public IReadOnlyList<string>? DnsSearch { get; init; }
    public IReadOnlyList<string>? ExtraHosts { get; init; }
    public IReadOnlyList<string>? GroupAdd { get; init; }
    public string? IpcMode { get; init; }
    public string? Cgroup { get; init; }
    public IReadOnlyList<string>? Links { get; init; }
    public int OomScoreAdj { get; init; }
    public string? PidMode { get; init; }
    public bool Privileged { get; init; }
    public bool PublishAllPorts { get; init; }
    public bool ReadonlyRootfs { get; init; }
    public IReadOnlyList<string>? SecurityOpt { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Dictionary<string, string>? StorageOpt { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Dictionary<string, string>? Tmpfs { get; init; }
    public string? UTSMode { get; init; }
    public string? UsernsMode { get; init; }

    /// <summary>Bytes; 0: 64 MiB.</summary>
    public long ShmSize { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Dictionary<string, string>? Sysctls { get; init; }
    public string? Runtime { get; init; }
    public string? Isolation { get; init; }

    public long CpuShares { get; init; }

    /// <summary>Bytes; 0: no limit.</summary>
    public long Memory { get; init; }

    /// <summary>Billionths of a processor.</summary>
    public long NanoCpus { get; init; }
    public string? CgroupParent { get; init; }
    public int BlkioWeight { get; init; }
    public IReadOnlyList<WeightDevice>? BlkioWeightDevice { get; init; }
    public IReadOnlyList<ThrottleDevice>? BlkioDeviceReadBps { get; init; }
    public IReadOnlyList<ThrottleDevice>? BlkioDeviceWriteBps { get; init; }
    public IReadOnlyList<ThrottleDevice>? BlkioDeviceReadIOps { get; init; }
    public IReadOnlyList<ThrottleDevice>? BlkioDeviceWriteIOps { get; init; }

    /// <summary>Microseconds.</summary>
    public long CpuPeriod { get; init; }
    public long CpuQuota { get; init; }
    public long CpuRealtimePeriod { get; init; }
    public long CpuRealtimeRuntime { get; init; }
    public string? CpusetCpus { get; init; }
    public string? CpusetMems { get; init; }
    public IReadOnlyList<DeviceMapping>? Devices { get; init; }
    public IReadOnlyList<string>? DeviceCgroupRules { get; init; }
    public IReadOnlyList<DeviceRequest>? DeviceRequests { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long KernelMemory { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long KernelMemoryTCP { get; init; }
    public long MemoryReservation { get; init; }

    /// <summary>Memory and swap together; -1: unlimited swap.</summary>
    public long MemorySwap { get; init; }
    public long? MemorySwappiness { get; init; }
    public bool? OomKillDisable { get; init; }

    /// <summary>0, -1 and null: no limit.</summary>
    public long? PidsLimit { get; init; }
    public IReadOnlyList<Ulimit>? Ulimits { get; init; }
    public long CpuCount { get; init; }
    public long CpuPercent { get; init; }
    public long IOMaximumIOps { get; init; }
    public long IOMaximumBandwidth { get; init; }
    public IReadOnlyList<string>? MaskedPaths { get; init; }
    public IReadOnlyList<string>? ReadonlyPaths { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Init { get; init; }
}

public sealed record LogConfig
{
    public string? Type { get; init; }
    public Dictionary<string, string>? Config { get; init; }
}

public sealed record PortBinding
{
    public string? HostIp { get; init; }
    public string? HostPort { get; init; }
}

public sealed record RestartPolicy
{
    /// <summary>Empty or no, on-failure, always, unless-stopped.</summary>
    public string? Name { get; init; }
    public int MaximumRetryCount { get; set; }
}

/// <summary>A device of the host, or a folder of them, in the container.</summary>
public sealed record DeviceMapping
{
    public string PathOnHost { get; set; } = "";
    public string PathInContainer { get; set; } = "";

    /// <summary>Of r, w and m; empty: all.</summary>
    public string CgroupPermissions { get; set; } = "";
}

/// <summary>Devices by a driver that knows them.</summary>
public sealed record DeviceRequest
{
    public string Driver { get; set; } = "";

    /// <summary>-1: all.</summary>
    public int Count { get; set; }
    public IReadOnlyList<string>? DeviceIDs { get; init; }
    public IReadOnlyList<IReadOnlyList<string>>? Capabilities { get; init; }
    public Dictionary<string, string>? Options { get; init; }
}

public sealed record WeightDevice
{
    public string Path { get; set; } = "";
    public int Weight { get; set; }
}

public sealed record ThrottleDevice
{
    public string Path { get; set; } = "";

    /// <summary>Bytes or operations a second.</summary>
    public ulong Rate { get; set; }
}

public sealed record Ulimit
{
    public string Name { get; set; } = "";
    public long Soft { get; set; }
    public long Hard { get; set; }
}

/// <summary>Mount of the Engine API, as `--mount` gives it.</summary>
public sealed record MountRequest
{
    public string Type { get; set; } = "";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Source { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Target { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool ReadOnly { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Consistency { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BindOptions? BindOptions { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public VolumeOptions? VolumeOptions { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TmpfsOptions? TmpfsOptions { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? ImageOptions { get; init; }
}

public sealed record BindOptions
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Propagation { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool NonRecursive { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool CreateMountpoint { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool ReadOnlyNonRecursive { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool ReadOnlyForceRecursive { get; init; }
}

public sealed record VolumeOptions
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool NoCopy { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Dictionary<string, string>? Labels { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public VolumeDriverConfig? DriverConfig { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Subpath { get; init; }
}

public sealed record VolumeDriverConfig
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Dictionary<string, string>? Options { get; init; }
}

public sealed record TmpfsOptions
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long SizeBytes { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public uint Mode { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<IReadOnlyList<string>>? Options { get; init; }
}
