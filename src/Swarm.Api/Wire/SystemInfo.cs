using System.Text.Json.Serialization;

namespace Swarm.Api.Wire;

public sealed record SystemVersion
{
    public PlatformName? Platform { get; init; }
    public IReadOnlyList<ComponentVersion>? Components { get; init; }
    public string? Version { get; init; }
    public string? ApiVersion { get; init; }
    public string? MinAPIVersion { get; init; }
    public string? GitCommit { get; init; }
    public string? GoVersion { get; init; }
    public string? Os { get; init; }
    public string? Arch { get; init; }
    public string? KernelVersion { get; init; }
    public string? BuildTime { get; init; }
}

public sealed record PlatformName
{
    public string? Name { get; init; }
}

public sealed record ComponentVersion
{
    public string? Name { get; init; }
    public string? Version { get; init; }
    public IReadOnlyDictionary<string, string>? Details { get; init; }
}

/// <summary>GET /info. The lists that clients count on are written empty rather than left out.</summary>
public sealed record SystemInfo
{
    public string? ID { get; init; }
    public int Containers { get; init; }
    public int ContainersRunning { get; init; }
    public int ContainersPaused { get; init; }
    public int ContainersStopped { get; init; }
    public int Images { get; init; }
    public string? Driver { get; init; }
    public IReadOnlyList<IReadOnlyList<string>> DriverStatus { get; init; } = [];
    public PluginsInfo Plugins { get; init; } = new();
    public bool MemoryLimit { get; init; }
    public bool SwapLimit { get; init; }
    public bool CpuCfsPeriod { get; init; }
    public bool CpuCfsQuota { get; init; }
    public bool CPUShares { get; init; }
    public bool CPUSet { get; init; }
    public bool PidsLimit { get; init; }
    public bool IPv4Forwarding { get; init; }
    public bool Debug { get; init; }
    public int NFd { get; init; }
    public bool OomKillDisable { get; init; }
    public int NGoroutines { get; init; }
    public DateTime SystemTime { get; init; }
    public string? LoggingDriver { get; init; }
    public string? CgroupDriver { get; init; }
    public string? CgroupVersion { get; init; }
    public int NEventsListener { get; init; }
    public string? KernelVersion { get; init; }
    public string? OperatingSystem { get; init; }
    public string? OSVersion { get; init; }
    public string? OSType { get; init; }
    public string? Architecture { get; init; }
    public string? IndexServerAddress { get; init; }
    public int NCPU { get; init; }
    public long MemTotal { get; init; }
    public string? DockerRootDir { get; init; }
    public string HttpProxy { get; init; } = "";
    public string HttpsProxy { get; init; } = "";
    public string NoProxy { get; init; } = "";
    public string? Name { get; init; }
    public IReadOnlyList<string> Labels { get; init; } = [];
    public bool ExperimentalBuild { get; init; }
    public string? ServerVersion { get; init; }
    public IReadOnlyDictionary<string, RuntimeInfo>? Runtimes { get; init; }
    public string? DefaultRuntime { get; init; }
    public SwarmInfo? Swarm { get; init; }
    public CommitInfo ContainerdCommit { get; init; } = new("");

    /// <summary>Of the default OCI runtime, whichever it is.</summary>
    public CommitInfo RuncCommit { get; init; } = new("");
    public CommitInfo InitCommit { get; init; } = new("");
    public bool LiveRestoreEnabled { get; init; }
    public string? Isolation { get; init; }
    public string? InitBinary { get; init; }
    public IReadOnlyList<string> SecurityOptions { get; init; } = [];
    public RegistryConfigInfo? RegistryConfig { get; init; }
    public IReadOnlyList<AddressPoolInfo>? DefaultAddressPools { get; init; }
    public FirewallInfo? FirewallBackend { get; init; }
    public IReadOnlyList<string> CDISpecDirs { get; init; } = [];
    public IReadOnlyList<DeviceInfo>? DiscoveredDevices { get; init; }
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

public sealed record CommitInfo(string ID);

/// <param name="Source">The driver that found it: cdi.</param>
public sealed record DeviceInfo(string Source, string ID);

public sealed record FirewallInfo(string Driver);

public sealed record PluginsInfo
{
    public IReadOnlyList<string> Volume { get; init; } = [];
    public IReadOnlyList<string> Network { get; init; } = [];
    public IReadOnlyList<string> Authorization { get; init; } = [];
    public IReadOnlyList<string> Log { get; init; } = [];
}

public sealed record RuntimeInfo
{
    [JsonPropertyName("path")]
    public string? Path { get; init; }

    [JsonPropertyName("runtimeArgs")]
    public IReadOnlyList<string>? RuntimeArgs { get; init; }
}

public sealed record RegistryConfigInfo
{
    public IReadOnlyList<string> InsecureRegistryCIDRs { get; init; } = [];
    public IReadOnlyDictionary<string, IndexConfigInfo> IndexConfigs { get; init; } = new Dictionary<string, IndexConfigInfo>();
    public IReadOnlyList<string> Mirrors { get; init; } = [];
}

public sealed record IndexConfigInfo
{
    public string Name { get; init; } = "";
    public IReadOnlyList<string> Mirrors { get; init; } = [];
    public bool Secure { get; init; }
    public bool Official { get; init; }
}

public sealed record AddressPoolInfo
{
    public string Base { get; init; } = "";
    public int Size { get; init; }
}

public sealed record SwarmInfo
{
    public string NodeID { get; init; } = "";
    public string NodeAddr { get; init; } = "";
    public string LocalNodeState { get; init; } = "";
    public bool ControlAvailable { get; init; }
    public string Error { get; init; } = "";

    /// <summary>Written as null when there are none, as Docker does.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public IReadOnlyList<Peer>? RemoteManagers { get; init; }
    public int? Nodes { get; init; }
    public int? Managers { get; init; }
    public ClusterInfo? Cluster { get; init; }
    public IReadOnlyList<string>? Warnings { get; init; }
}

public sealed record Peer
{
    public string NodeID { get; init; } = "";
    public string Addr { get; init; } = "";
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SystemVersion))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(SystemInfo))]
internal sealed partial class SystemJson : JsonSerializerContext;
