using MessagePack;

namespace Swarm.Model;

/// <summary>How one task of a service runs.</summary>
[MessagePackObject]
public sealed record TaskSpec : VersionedRecord
{
    [Key(0)] public ContainerSpec Container { get; init; } = new();
    [Key(1)] public Resources? Limits { get; init; }
    [Key(2)] public Resources? Reservations { get; init; }

    /// <summary>0: no limit.</summary>
    [Key(3)] public long PidsLimit { get; init; }
    [Key(4)] public RestartPolicy Restart { get; init; } = new();
    [Key(5)] public Placement Placement { get; init; } = new();
    [Key(6)] public DriverConfig? LogDriver { get; init; }
    [Key(7)] public ulong ForceUpdate { get; init; }
    [Key(8)] public ImmutableArray<NetworkAttachmentConfig> Networks { get; init; } = [];
    [Key(9)] public string Runtime { get; init; } = "";

    /// <summary>Set for a task that is no more than the place of a container that its node made itself; it is of no service.</summary>
    [Key(10)] public AttachedContainer? Attached { get; init; }
}

/// <summary>A container that is no task, on an attachable network.</summary>
[MessagePackObject]
public sealed record AttachedContainer : VersionedRecord
{
    [Key(0)] public string ContainerId { get; init; } = "";

    /// <summary>Addresses without prefix that it must get, at most one of each family; empty: any.</summary>
    [Key(1)] public ImmutableArray<string> Asked { get; init; } = [];
}

[MessagePackObject]
public sealed record ContainerSpec : VersionedRecord
{
    /// <summary>Image reference, resolved or not.</summary>
    [Key(0)] public string Image { get; init; } = "";
    [Key(1)] public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>Replaces the image's entrypoint.</summary>
    [Key(2)] public ImmutableArray<string> Command { get; init; } = [];

    /// <summary>Replaces the image's command.</summary>
    [Key(3)] public ImmutableArray<string> Args { get; init; } = [];
    [Key(4)] public string Hostname { get; init; } = "";

    /// <summary>KEY=value.</summary>
    [Key(5)] public ImmutableArray<string> Env { get; init; } = [];
    [Key(6)] public string Dir { get; init; } = "";
    [Key(7)] public string User { get; init; } = "";
    [Key(8)] public ImmutableArray<string> Groups { get; init; } = [];
    [Key(9)] public bool Tty { get; init; }
    [Key(10)] public bool OpenStdin { get; init; }
    [Key(11)] public bool ReadOnly { get; init; }
    [Key(12)] public ImmutableArray<Mount> Mounts { get; init; } = [];
    [Key(13)] public string StopSignal { get; init; } = "";
    [Key(14)] public TimeSpan? StopGracePeriod { get; init; }
    [Key(15)] public Healthcheck? Healthcheck { get; init; }

    /// <summary>As in hosts(5): address, then names.</summary>
    [Key(16)] public ImmutableArray<string> Hosts { get; init; } = [];
    [Key(17)] public DnsConfig? Dns { get; init; }
    [Key(18)] public ImmutableArray<FileReference> Secrets { get; init; } = [];
    [Key(19)] public ImmutableArray<FileReference> Configs { get; init; } = [];
    [Key(20)] public bool? Init { get; init; }
    [Key(21)] public ImmutableSortedDictionary<string, string> Sysctls { get; init; } = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);
    [Key(22)] public ImmutableArray<string> CapabilityAdd { get; init; } = [];
    [Key(23)] public ImmutableArray<string> CapabilityDrop { get; init; } = [];
    [Key(24)] public ImmutableArray<Ulimit> Ulimits { get; init; } = [];
    [Key(25)] public string Isolation { get; init; } = "";
    [Key(26)] public long OomScoreAdj { get; init; }
    [Key(27)] public Privileges? Privileges { get; init; }

    /// <summary>
    /// Docker's X-Registry-Auth value (base64url JSON) for pulling the image. Never answered or logged, and not kept on a node's disk; a change of it
    /// alone makes no task old.
    /// </summary>
    [Key(28)] public string RegistryAuth { get; init; } = "";

    public override string ToString() => $"ContainerSpec {{ Image = {Image} }}";
}

/// <summary>What a container's processes may do beyond or below the ordinary.</summary>
[MessagePackObject]
public sealed record Privileges : VersionedRecord
{
    [Key(0)] public bool NoNewPrivileges { get; init; }
    [Key(1)] public SeccompMode? Seccomp { get; init; }

    /// <summary>JSON, of a custom profile.</summary>
    [Key(2)] public byte[] SeccompProfile { get; init; } = [];
    [Key(3)] public AppArmorMode? AppArmor { get; init; }
    [Key(4)] public SELinuxContext? SELinux { get; init; }
}

public enum SeccompMode : byte { Default = 0, Unconfined = 1, Custom = 2 }

public enum AppArmorMode : byte { Default = 0, Disabled = 1 }

[MessagePackObject]
public sealed record SELinuxContext : VersionedRecord
{
    [Key(0)] public bool Disable { get; init; }
    [Key(1)] public string User { get; init; } = "";
    [Key(2)] public string Role { get; init; } = "";
    [Key(3)] public string Type { get; init; } = "";
    [Key(4)] public string Level { get; init; } = "";
}

public enum MountType : byte { Bind = 0, Volume = 1, Tmpfs = 2, NamedPipe = 3, Cluster = 4, Image = 5 }

[MessagePackObject]
public sealed record Mount : VersionedRecord
{
    [Key(0)] public MountType Type { get; init; }

    /// <summary>Bind: host path. Volume: name, empty for an anonymous one. Tmpfs: empty.</summary>
    [Key(1)] public string Source { get; init; } = "";
    [Key(2)] public string Target { get; init; } = "";
    [Key(3)] public bool ReadOnly { get; init; }
    [Key(4)] public string Consistency { get; init; } = "";

    /// <summary>Bind propagation; empty is rprivate.</summary>
    [Key(5)] public string Propagation { get; init; } = "";
    [Key(6)] public bool NonRecursive { get; init; }
    [Key(7)] public bool CreateMountpoint { get; init; }
    [Key(8)] public bool VolumeNoCopy { get; init; }
    [Key(9)] public string VolumeSubpath { get; init; } = "";
    [Key(10)] public ImmutableSortedDictionary<string, string> VolumeLabels { get; init; } = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);
    [Key(11)] public DriverConfig? VolumeDriver { get; init; }

    /// <summary>Bytes; 0: unlimited.</summary>
    [Key(12)] public long TmpfsSizeBytes { get; init; }

    /// <summary>Permission bits; 0: 1777.</summary>
    [Key(13)] public uint TmpfsMode { get; init; }

    /// <summary>Each a flag, or a name and a value.</summary>
    [Key(14)] public ImmutableArray<ImmutableArray<string>> TmpfsOptions { get; init; } = [];

    /// <summary>Bind: what is mounted below the source stays writable.</summary>
    [Key(15)] public bool ReadOnlyNonRecursive { get; init; }

    /// <summary>Bind: refused where what is mounted below the source can not be made read-only.</summary>
    [Key(16)] public bool ReadOnlyForceRecursive { get; init; }
}

[MessagePackObject]
public sealed record DriverConfig : VersionedRecord
{
    [Key(0)] public string Name { get; init; } = "";
    [Key(1)] public ImmutableSortedDictionary<string, string> Options { get; init; } = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);
}

[MessagePackObject]
public sealed record Healthcheck : VersionedRecord
{
    /// <summary>NONE, or CMD and its arguments, or CMD-SHELL and one line.</summary>
    [Key(0)] public ImmutableArray<string> Test { get; init; } = [];
    [Key(1)] public TimeSpan Interval { get; init; }
    [Key(2)] public TimeSpan Timeout { get; init; }
    [Key(3)] public TimeSpan StartPeriod { get; init; }
    [Key(4)] public TimeSpan StartInterval { get; init; }
    [Key(5)] public int Retries { get; init; }
}

[MessagePackObject]
public sealed record DnsConfig : VersionedRecord
{
    [Key(0)] public ImmutableArray<string> Nameservers { get; init; } = [];
    [Key(1)] public ImmutableArray<string> Search { get; init; } = [];
    [Key(2)] public ImmutableArray<string> Options { get; init; } = [];
}

/// <summary>A secret or config that a task sees as a file.</summary>
[MessagePackObject]
public sealed record FileReference : VersionedRecord
{
    [Key(0)] public string Id { get; init; } = "";
    [Key(1)] public string Name { get; init; } = "";
    [Key(2)] public string TargetPath { get; init; } = "";
    [Key(3)] public string Uid { get; init; } = "0";
    [Key(4)] public string Gid { get; init; } = "0";
    [Key(5)] public uint Mode { get; init; } = 0x124;
}

[MessagePackObject]
public sealed record Ulimit : VersionedRecord
{
    [Key(0)] public string Name { get; init; } = "";
    [Key(1)] public long Soft { get; init; }
    [Key(2)] public long Hard { get; init; }
}

public enum RestartCondition : byte { Any = 0, OnFailure = 1, None = 2 }

[MessagePackObject]
public sealed record RestartPolicy : VersionedRecord
{
    [Key(0)] public RestartCondition Condition { get; init; }

    /// <summary>Wait before a replacement starts. Null: the default, which does not apply when the node died.</summary>
    [Key(1)] public TimeSpan? Delay { get; init; }

    /// <summary>0: no limit.</summary>
    [Key(2)] public ulong MaxAttempts { get; init; }

    /// <summary>In which <see cref="MaxAttempts"/> are counted; zero: for ever.</summary>
    [Key(3)] public TimeSpan Window { get; init; }
}

[MessagePackObject]
public sealed record Placement : VersionedRecord
{
    /// <summary>Each `key==value` or `key!=value`.</summary>
    [Key(0)] public ImmutableArray<string> Constraints { get; init; } = [];

    /// <summary>Spread descriptors, outermost first, such as node.labels.zone.</summary>
    [Key(1)] public ImmutableArray<string> SpreadOver { get; init; } = [];
    [Key(2)] public ImmutableArray<Platform> Platforms { get; init; } = [];

    /// <summary>0: no limit.</summary>
    [Key(3)] public ulong MaxReplicasPerNode { get; init; }
}
