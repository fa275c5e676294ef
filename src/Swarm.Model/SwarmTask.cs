using MessagePack;

namespace Swarm.Model;

/// <summary>
/// Observed state of a task. It only rises (see <see cref="TaskStates"/>); the gaps leave room, and the order is the law.
/// </summary>
public enum TaskState : ushort
{
    New = 0,
    Pending = 64,
    Assigned = 192,
    Accepted = 256,
    Preparing = 320,
    Ready = 384,
    Starting = 448,
    Running = 512,
    Complete = 576,
    Shutdown = 640,
    Failed = 704,
    Rejected = 768,
    /// <summary>Desired only: stop, then disappear.</summary>
    Remove = 800,
    Orphaned = 832,
}

public static class TaskStates
{
    public static bool IsTerminal(this TaskState state) => state > TaskState.Running;
}

/// <summary>One attempt to run one replica of a service in one slot, or on one node for a global service. Never runs twice.</summary>
[MessagePackObject]
public sealed record SwarmTask : VersionedRecord, IStoreObject
{
    [Key(0)] public string Id { get; init; } = "";
    [Key(1)] public Meta Meta { get; init; } = new();
    [Key(2), Shared] public string ServiceId { get; init; } = "";

    /// <summary>From 1; 0 for a global service.</summary>
    [Key(3)] public ulong Slot { get; init; }

    /// <summary>Empty until the scheduler chose.</summary>
    [Key(4), Shared] public string NodeId { get; init; } = "";
    [Key(5), Shared] public TaskSpec Spec { get; init; } = new();

    /// <summary>The service's <see cref="Service.SpecVersion"/> that this task was made from.</summary>
    [Key(6)] public long SpecVersion { get; init; }
    [Key(7)] public TaskStatus Status { get; init; } = new();

    /// <summary>Written by managers alone: Ready (wait), Running, Shutdown or Remove.</summary>
    [Key(8)] public TaskState DesiredState { get; init; }

    /// <summary>service.slot.id or service.node.id, fixed when the task is made.</summary>
    [Key(9)] public string Name { get; init; } = "";
    [Key(10), Shared] public ImmutableSortedDictionary<string, string> ServiceLabels { get; init; } = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);
    [Key(11), Shared] public string ServiceName { get; init; } = "";

    /// <summary>Of a job's task: the <see cref="JobStatus.Iteration"/> that it is part of. Such a task is wanted Running until it is Complete, and after.</summary>
    [Key(12)] public long? JobIteration { get; init; }

    /// <summary>Which of its node's generic resources the scheduler gave it for what it reserves.</summary>
    [Key(13)] public ImmutableArray<GenericResource> AssignedGeneric { get; init; } = [];

    /// <summary>It does its work well, but should do it elsewhere: it is replaced as by an update, start-first.</summary>
    [Key(14)] public bool IsLeaving { get; init; }

    /// <summary>Its places on the cluster's networks, from the allocator.</summary>
    [Key(15)] public ImmutableArray<NetworkAttachment> Networks { get; init; } = [];

    [IgnoreMember] public string? UniqueName => null;
    [IgnoreMember] public TableKind Table => TableKind.Task;
    public IStoreObject WithMeta(Meta meta) => this with { Meta = meta };
}

/// <summary>What was last seen of a task, and why.</summary>
[MessagePackObject]
public sealed record TaskStatus : VersionedRecord
{
    [Key(0)] public TaskState State { get; init; }
    [Key(1)] public DateTimeOffset Timestamp { get; init; }

    /// <summary>What is going on, in the present: "started", "pending task scheduling".</summary>
    [Key(2), Shared] public string Message { get; init; } = "";

    /// <summary>What is wrong: "no suitable node (...)"; empty if nothing.</summary>
    [Key(3), Shared] public string Error { get; init; } = "";
    [Key(4)] public ContainerStatus? Container { get; init; }
    [Key(5)] public ImmutableArray<PortConfig> HostPorts { get; init; } = [];

    /// <summary>Nobody saw it end, as when its node lost its power: that speaks against neither.</summary>
    [Key(6)] public bool EndUnseen { get; init; }
}

[MessagePackObject]
public sealed record ContainerStatus : VersionedRecord
{
    [Key(0)] public string ContainerId { get; init; } = "";
    [Key(1)] public int Pid { get; init; }
    [Key(2)] public int ExitCode { get; init; }
}
