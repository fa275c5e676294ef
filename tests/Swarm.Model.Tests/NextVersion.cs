using System.Collections.Immutable;
using MessagePack;
using Swarm.Model;

namespace Swarm.Model.Tests.NextVersion;

// Some of the records as a later version might have them: every key of today, and more behind it.

public enum ServiceMode : byte { Replicated = 0, Daily = 9 }

[MessagePackObject]
public sealed record Service : VersionedRecord
{
    [Key(0)] public string Id { get; init; } = "";
    [Key(1)] public Meta Meta { get; init; } = new();
    [Key(2)] public ServiceSpec Spec { get; init; } = new();
    [Key(3)] public ServiceSpec? PreviousSpec { get; init; }
    [Key(4)] public long SpecVersion { get; init; }
    [Key(5)] public UpdateStatus? UpdateStatus { get; init; }
    [Key(6)] public ServiceEndpoint Endpoint { get; init; } = new();
    [Key(7)] public bool PendingDelete { get; init; }
    [Key(8)] public JobStatus? Job { get; init; }
    [Key(9)] public string Owner { get; init; } = "nobody";
    [Key(10)] public ImmutableSortedDictionary<string, long> Budget { get; init; } = ImmutableSortedDictionary<string, long>.Empty.WithComparers(StringComparer.Ordinal);
}

[MessagePackObject]
public sealed record ServiceSpec : VersionedRecord
{
    [Key(0)] public Annotations Annotations { get; init; } = new();
    [Key(1)] public TaskSpec Task { get; init; } = new();
    [Key(2)] public ServiceMode Mode { get; init; }
    [Key(3)] public ulong Replicas { get; init; } = 1;
    [Key(4)] public ulong TotalCompletions { get; init; }
    [Key(5)] public UpdateConfig? Update { get; init; }
    [Key(6)] public UpdateConfig? Rollback { get; init; }
    [Key(7)] public EndpointSpec? Endpoint { get; init; }
    [Key(8)] public ImmutableArray<NetworkAttachmentConfig> Networks { get; init; } = [];
    [Key(9)] public ImmutableSortedDictionary<string, long> FineDurations { get; init; } = ImmutableSortedDictionary<string, long>.Empty.WithComparers(StringComparer.Ordinal);
}

[MessagePackObject]
public sealed record TaskSpec : VersionedRecord
{
    [Key(0)] public ContainerSpec Container { get; init; } = new();
    [Key(1)] public Resources? Limits { get; init; }
    [Key(2)] public Resources? Reservations { get; init; }
    [Key(3)] public long PidsLimit { get; init; }
    [Key(4)] public RestartPolicy Restart { get; init; } = new();
    [Key(5)] public Placement Placement { get; init; } = new();
    [Key(6)] public DriverConfig? LogDriver { get; init; }
    [Key(7)] public ulong ForceUpdate { get; init; }
    [Key(8)] public ImmutableArray<NetworkAttachmentConfig> Networks { get; init; } = [];
    [Key(9)] public string Runtime { get; init; } = "";
    [Key(10)] public AttachedContainer? Attached { get; init; }
}

[MessagePackObject]
public sealed record Annotations : VersionedRecord
{
    [Key(0)] public string Name { get; init; } = "";
    [Key(1)] public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);
    [Key(2)] public byte[] Icon { get; init; } = [];
}

[MessagePackObject]
public sealed record NetworkAttachmentConfig : VersionedRecord
{
    [Key(0)] public string Target { get; init; } = "";
    [Key(1)] public ImmutableArray<string> Aliases { get; init; } = [];
    [Key(2)] public ImmutableSortedDictionary<string, string> DriverOptions { get; init; } = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);
    [Key(3)] public long Bandwidth { get; init; }
}

[MessagePackObject]
public sealed record Checkpoint : VersionedRecord
{
    [Key(0)] public TimeSpan Every { get; init; }
}

[MessagePackObject]
public sealed record ContainerSpec : VersionedRecord
{
    [Key(0)] public string Image { get; init; } = "";
    [Key(1)] public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);
    [Key(2)] public ImmutableArray<string> Command { get; init; } = [];
    [Key(3)] public ImmutableArray<string> Args { get; init; } = [];
    [Key(4)] public string Hostname { get; init; } = "";
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
    [Key(28)] public string RegistryAuth { get; init; } = "";
    [Key(29)] public Checkpoint? Checkpoint { get; init; }
}
