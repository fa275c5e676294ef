using System.Text.Json;

namespace Swarm.Api.Wire;

/// <summary>Durations in nanoseconds.</summary>
public sealed record ContainerSpec
{
    public string? Image { get; init; }
    public IReadOnlyDictionary<string, string?>? Labels { get; init; }
    public IReadOnlyList<string>? Command { get; init; }
    public IReadOnlyList<string>? Args { get; init; }
    public string? Hostname { get; init; }
    public IReadOnlyList<string>? Env { get; init; }
    public string? Dir { get; init; }
    public string? User { get; init; }
    public IReadOnlyList<string>? Groups { get; init; }
    public Privileges? Privileges { get; init; }
    public bool? Init { get; init; }
    public string? StopSignal { get; init; }
    public bool? TTY { get; init; }
    public bool? OpenStdin { get; init; }
    public bool? ReadOnly { get; init; }
    public IReadOnlyList<Mount>? Mounts { get; init; }
    public long? StopGracePeriod { get; init; }
    public HealthConfig? Healthcheck { get; init; }
    public IReadOnlyList<string>? Hosts { get; init; }
    public DNSConfig? DNSConfig { get; init; }
    public IReadOnlyList<SecretReference>? Secrets { get; init; }
    public IReadOnlyList<ConfigReference>? Configs { get; init; }
    public string? Isolation { get; init; }
    public IReadOnlyDictionary<string, string?>? Sysctls { get; init; }
    public IReadOnlyList<string>? CapabilityAdd { get; init; }
    public IReadOnlyList<string>? CapabilityDrop { get; init; }
    public IReadOnlyList<Ulimit>? Ulimits { get; init; }
    public long? OomScoreAdj { get; init; }
}

/// <summary>Durations in nanoseconds.</summary>
public sealed record HealthConfig
{
    public IReadOnlyList<string>? Test { get; init; }
    public long? Interval { get; init; }
    public long? Timeout { get; init; }
    public long? StartPeriod { get; init; }
    public long? StartInterval { get; init; }
    public int? Retries { get; init; }
}

public sealed record Privileges
{
    public JsonElement? CredentialSpec { get; init; }
    public SELinuxContext? SELinuxContext { get; init; }
    public SeccompOpts? Seccomp { get; init; }
    public AppArmorOpts? AppArmor { get; init; }
    public bool? NoNewPrivileges { get; init; }
}

public sealed record SELinuxContext
{
    public bool? Disable { get; init; }
    public string? User { get; init; }
    public string? Role { get; init; }
    public string? Type { get; init; }
    public string? Level { get; init; }
}

public sealed record SeccompOpts
{
    public string? Mode { get; init; }
    public byte[]? Profile { get; init; }
}

public sealed record AppArmorOpts
{
    public string? Mode { get; init; }
}

public sealed record DNSConfig
{
    public IReadOnlyList<string>? Nameservers { get; init; }
    public IReadOnlyList<string>? Search { get; init; }
    public IReadOnlyList<string>? Options { get; init; }
}

public sealed record FileTarget
{
    public string? Name { get; init; }
    public string? UID { get; init; }
    public string? GID { get; init; }
    public uint? Mode { get; init; }
}

public sealed record SecretReference
{
    public FileTarget? File { get; init; }
    public string? SecretID { get; init; }
    public string? SecretName { get; init; }
}

public sealed record ConfigReference
{
    public FileTarget? File { get; init; }
    public JsonElement? Runtime { get; init; }
    public string? ConfigID { get; init; }
    public string? ConfigName { get; init; }
}

public sealed record Ulimit
{
    public string? Name { get; init; }
    public long? Hard { get; init; }
    public long? Soft { get; init; }
}
