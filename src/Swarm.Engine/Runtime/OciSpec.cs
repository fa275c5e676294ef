using System.Text.Json.Serialization;

namespace Swarm.Engine.Runtime;

/// <summary>config.json of the OCI runtime specification 1.0 (config.md, config-linux.md), as far as it is used.</summary>
public sealed record OciSpec
{
    public string OciVersion { get; init; } = "1.0.2";
    public required OciProcess Process { get; init; }
    public required OciRoot Root { get; init; }
    public string? Hostname { get; init; }
    public string? Domainname { get; init; }
    public required IReadOnlyList<OciMount> Mounts { get; init; }
    public OciHooks? Hooks { get; init; }
    public required OciLinux Linux { get; init; }
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
}

public sealed record OciProcess
{
    public bool Terminal { get; init; }
    public OciConsoleSize? ConsoleSize { get; init; }
    public required OciUser User { get; init; }
    public required IReadOnlyList<string> Args { get; init; }
    public required IReadOnlyList<string> Env { get; init; }
    public required string Cwd { get; init; }
    public required OciCapabilities Capabilities { get; init; }
    public IReadOnlyList<OciRlimit>? Rlimits { get; init; }
    public int? OomScoreAdj { get; init; }
    public bool NoNewPrivileges { get; init; }
}

public sealed record OciConsoleSize(int Height, int Width);

public sealed record OciUser(uint Uid, uint Gid, IReadOnlyList<uint> AdditionalGids);

public sealed record OciCapabilities(IReadOnlyList<string> Bounding, IReadOnlyList<string> Effective, IReadOnlyList<string> Permitted);

public sealed record OciRlimit(string Type, ulong Hard, ulong Soft);

public sealed record OciRoot(string Path, bool Readonly);

public sealed record OciHooks
{
    public IReadOnlyList<OciHook>? Prestart { get; init; }
    public IReadOnlyList<OciHook>? CreateRuntime { get; init; }
    public IReadOnlyList<OciHook>? CreateContainer { get; init; }
    public IReadOnlyList<OciHook>? StartContainer { get; init; }
    public IReadOnlyList<OciHook>? Poststart { get; init; }
    public IReadOnlyList<OciHook>? Poststop { get; init; }
}

/// <param name="Timeout">Seconds.</param>
public sealed record OciHook(string Path, IReadOnlyList<string>? Args, IReadOnlyList<string>? Env, int? Timeout);

public sealed record OciMount(string Destination, string Type, string Source, IReadOnlyList<string> Options);

public sealed record OciLinux
{
    public required string CgroupsPath { get; init; }
    public required IReadOnlyList<OciNamespace> Namespaces { get; init; }
    public required OciResources Resources { get; init; }
    public IReadOnlyDictionary<string, string>? Sysctl { get; init; }
    public OciSeccomp? Seccomp { get; init; }
    public string? RootfsPropagation { get; init; }
    public IReadOnlyList<string>? MaskedPaths { get; init; }
    public IReadOnlyList<string>? ReadonlyPaths { get; init; }
    public IReadOnlyList<OciDevice>? Devices { get; init; }
}

/// <param name="Type">c, b or p.</param>
public sealed record OciDevice(string Path, string Type, long Major, long Minor, int FileMode, uint Uid, uint Gid);

public sealed record OciNamespace(string Type, string? Path = null);

public sealed record OciResources
{
    public required IReadOnlyList<OciDeviceRule>? Devices { get; init; }
    public OciMemory? Memory { get; init; }
    public OciCpu? Cpu { get; init; }
    public OciPids? Pids { get; init; }

    [JsonPropertyName("blockIO")]
    public OciBlockIo? BlockIo { get; init; }
}

public sealed record OciBlockIo
{
    public int? Weight { get; init; }
    public IReadOnlyList<OciWeightDevice>? WeightDevice { get; init; }
    public IReadOnlyList<OciThrottleDevice>? ThrottleReadBpsDevice { get; init; }
    public IReadOnlyList<OciThrottleDevice>? ThrottleWriteBpsDevice { get; init; }

    [JsonPropertyName("throttleReadIOPSDevice")]
    public IReadOnlyList<OciThrottleDevice>? ThrottleReadIopsDevice { get; init; }

    [JsonPropertyName("throttleWriteIOPSDevice")]
    public IReadOnlyList<OciThrottleDevice>? ThrottleWriteIopsDevice { get; init; }
}

public sealed record OciWeightDevice(long Major, long Minor, int Weight);

public sealed record OciThrottleDevice(long Major, long Minor, ulong Rate);

public sealed record OciDeviceRule(bool Allow, string? Type, long? Major, long? Minor, string Access);

public sealed record OciMemory
{
    public long? Limit { get; init; }
    public long? Swap { get; init; }
    public long? Reservation { get; init; }
    public ulong? Swappiness { get; init; }

    [JsonPropertyName("disableOOMKiller")]
    public bool? DisableOomKiller { get; init; }
}

public sealed record OciCpu
{
    public ulong? Shares { get; init; }
    public long? Quota { get; init; }
    public ulong? Period { get; init; }
    public long? RealtimeRuntime { get; init; }
    public ulong? RealtimePeriod { get; init; }
    public string? Cpus { get; init; }
    public string? Mems { get; init; }
}

public sealed record OciPids(long Limit);

public sealed record OciSeccomp(string DefaultAction, int? DefaultErrnoRet, IReadOnlyList<string> Architectures, IReadOnlyList<OciSyscall> Syscalls);

public sealed record OciSyscall(IReadOnlyList<string> Names, string Action, int? ErrnoRet, IReadOnlyList<OciSyscallArgument>? Args);

public sealed record OciSyscallArgument(uint Index, ulong Value, ulong ValueTwo, string Op);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(OciSpec))]
[JsonSerializable(typeof(OciProcess))]
[JsonSerializable(typeof(OciSeccomp))]
[JsonSerializable(typeof(OciResources))]
internal sealed partial class OciJson : JsonSerializerContext;
