using MessagePack;

namespace Swarm.Model;

/// <summary>What the user wants to run.</summary>
[MessagePackObject]
public sealed record Service : VersionedRecord, IStoreObject
{
    [Key(0)] public string Id { get; init; } = "";
    [Key(1)] public Meta Meta { get; init; } = new();
    [Key(2)] public ServiceSpec Spec { get; init; } = new();
    [Key(3)] public ServiceSpec? PreviousSpec { get; init; }

    /// <summary>Store index at which <see cref="Spec"/> last changed; tasks carry the one they were made from.</summary>
    [Key(4)] public long SpecVersion { get; init; }
    [Key(5)] public UpdateStatus? UpdateStatus { get; init; }
    [Key(6)] public ServiceEndpoint Endpoint { get; init; } = new();

    /// <summary>The user asked for removal; the service goes when its last task has stopped.</summary>
    [Key(7)] public bool PendingDelete { get; init; }

    /// <summary>Set for jobs.</summary>
    [Key(8)] public JobStatus? Job { get; init; }

    /// <summary>A service that is going has given its name up: the next one may take it at once.</summary>
    [IgnoreMember] public string? UniqueName => PendingDelete ? null : Spec.Annotations.Name;
    [IgnoreMember] public TableKind Table => TableKind.Service;
    public IStoreObject WithMeta(Meta meta) => this with { Meta = meta };
}

[MessagePackObject]
public sealed record ServiceSpec : VersionedRecord
{
    [Key(0)] public Annotations Annotations { get; init; } = new();
    [Key(1)] public TaskSpec Task { get; init; } = new();
    [Key(2)] public ServiceMode Mode { get; init; }

    /// <summary>Replicated: tasks to run. Replicated job: tasks to run at once (max concurrent).</summary>
    [Key(3)] public ulong Replicas { get; init; } = 1;

    /// <summary>Replicated job: completions wanted.</summary>
    [Key(4)] public ulong TotalCompletions { get; init; }
    [Key(5)] public UpdateConfig? Update { get; init; }
    [Key(6)] public UpdateConfig? Rollback { get; init; }
    [Key(7)] public EndpointSpec? Endpoint { get; init; }
    [Key(8)] public ImmutableArray<NetworkAttachmentConfig> Networks { get; init; } = [];

    /// <summary>Nanoseconds, by the name of the setting, of durations that were asked for more finely than in 100 ns.</summary>
    [Key(9)] public ImmutableSortedDictionary<string, long> FineDurations { get; init; } = ImmutableSortedDictionary<string, long>.Empty.WithComparers(StringComparer.Ordinal);
}

public enum ServiceMode : byte { Replicated = 0, Global = 1, ReplicatedJob = 2, GlobalJob = 3 }

public static class ServiceModes
{
    /// <summary>Its tasks run until they have succeeded once.</summary>
    public static bool IsJob(this ServiceMode mode) => mode is ServiceMode.ReplicatedJob or ServiceMode.GlobalJob;

    /// <summary>Its slots are nodes.</summary>
    public static bool IsPerNode(this ServiceMode mode) => mode is ServiceMode.Global or ServiceMode.GlobalJob;
}

/// <summary>How often a job was asked for, and when last.</summary>
[MessagePackObject]
public sealed record JobStatus : VersionedRecord
{
    /// <summary>From 0; each `update --force` is another. Tasks carry the one that they are of.</summary>
    [Key(0)] public long Iteration { get; init; }
    [Key(1)] public DateTimeOffset LastExecution { get; init; }
}

[MessagePackObject]
public sealed record UpdateConfig : VersionedRecord
{
    /// <summary>Tasks at once; 0 is all.</summary>
    [Key(0)] public ulong Parallelism { get; init; }
    [Key(1)] public TimeSpan Delay { get; init; }
    [Key(2)] public FailureAction FailureAction { get; init; }
    [Key(3)] public TimeSpan Monitor { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>0 to 1.</summary>
    [Key(4)] public double MaxFailureRatio { get; init; }
    [Key(5)] public UpdateOrder Order { get; init; }
}

public enum FailureAction : byte { Pause = 0, Continue = 1, Rollback = 2 }

public enum UpdateOrder : byte { StopFirst = 0, StartFirst = 1 }

[MessagePackObject]
public sealed record UpdateStatus : VersionedRecord
{
    [Key(0)] public UpdateState State { get; init; }
    [Key(1)] public DateTimeOffset? StartedAt { get; init; }
    [Key(2)] public DateTimeOffset? CompletedAt { get; init; }
    [Key(3)] public string Message { get; init; } = "";

    /// <summary>Tasks move to other nodes; their spec stays.</summary>
    [Key(4)] public bool IsRebalance { get; init; }
}

public enum UpdateState : byte { Unknown = 0, Updating = 1, Paused = 2, Completed = 3, RollbackStarted = 4, RollbackPaused = 5, RollbackCompleted = 6 }

[MessagePackObject]
public sealed record EndpointSpec : VersionedRecord
{
    [Key(0)] public ResolutionMode Mode { get; init; }
    [Key(1)] public ImmutableArray<PortConfig> Ports { get; init; } = [];
}

public enum ResolutionMode : byte { Vip = 0, DnsRoundRobin = 1 }

[MessagePackObject]
public sealed record PortConfig : VersionedRecord
{
    [Key(0)] public string Name { get; init; } = "";
    [Key(1)] public PortProtocol Protocol { get; init; }
    [Key(2)] public int TargetPort { get; init; }

    /// <summary>0: chosen by the allocator.</summary>
    [Key(3)] public int PublishedPort { get; init; }
    [Key(4)] public PublishMode PublishMode { get; init; }
}

public enum PortProtocol : byte { Tcp = 0, Udp = 1, Sctp = 2 }

public enum PublishMode : byte { Ingress = 0, Host = 1 }

/// <summary>What the allocator gave a service.</summary>
[MessagePackObject]
public sealed record ServiceEndpoint : VersionedRecord
{
    [Key(0)] public EndpointSpec Spec { get; init; } = new();
    [Key(1)] public ImmutableArray<PortConfig> Ports { get; init; } = [];
    [Key(2)] public ImmutableArray<VirtualIp> VirtualIps { get; init; } = [];
}

[MessagePackObject]
public sealed record VirtualIp : VersionedRecord
{
    [Key(0)] public string NetworkId { get; init; } = "";

    /// <summary>CIDR.</summary>
    [Key(1)] public string Address { get; init; } = "";
}

[MessagePackObject]
public sealed record NetworkAttachmentConfig : VersionedRecord
{
    /// <summary>Network id.</summary>
    [Key(0)] public string Target { get; init; } = "";
    [Key(1)] public ImmutableArray<string> Aliases { get; init; } = [];
    [Key(2)] public ImmutableSortedDictionary<string, string> DriverOptions { get; init; } = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);
}
