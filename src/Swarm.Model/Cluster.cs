using MessagePack;

namespace Swarm.Model;

/// <summary>The one record of the cluster itself.</summary>
[MessagePackObject]
public sealed record Cluster : VersionedRecord, IStoreObject
{
    [Key(0)] public string Id { get; init; } = "";
    [Key(1)] public Meta Meta { get; init; } = new();
    [Key(2)] public ClusterSpec Spec { get; init; } = new();
    [Key(3)] public RootCa RootCa { get; init; } = new();
    [Key(4)] public int DataPathPort { get; init; } = 4789;
    [Key(5)] public ImmutableArray<string> DefaultAddressPool { get; init; } = ["10.0.0.0/8"];

    /// <summary>Prefix length of the networks cut from <see cref="DefaultAddressPool"/>.</summary>
    [Key(6)] public int SubnetSize { get; init; } = 24;

    /// <summary>Nodes that were removed while their certificates are still valid: every manager refuses them.</summary>
    [Key(7)] public ImmutableArray<RemovedNode> RemovedNodes { get; init; } = [];

    /// <summary>
    /// How often this cluster was recovered from one survivor of a lost quorum. A manager that knows of fewer, and is not wanted as one any more,
    /// was left behind by a recovery.
    /// </summary>
    [Key(8)] public long Recoveries { get; init; }

    [IgnoreMember] public string? UniqueName => Spec.Annotations.Name;
    [IgnoreMember] public TableKind Table => TableKind.Cluster;
    public IStoreObject WithMeta(Meta meta) => this with { Meta = meta };
}

[MessagePackObject]
public sealed record ClusterSpec : VersionedRecord
{
    [Key(0)] public Annotations Annotations { get; init; } = new() { Name = "default" };

    /// <summary>Finished tasks kept per slot.</summary>
    [Key(1)] public long TaskHistoryRetentionLimit { get; init; } = 5;
    [Key(2)] public TimeSpan HeartbeatPeriod { get; init; } = TimeSpan.FromSeconds(1);
    [Key(3)] public TimeSpan NodeCertExpiry { get; init; } = TimeSpan.FromDays(90);
    [Key(4)] public bool AutoLockManagers { get; init; }
    [Key(5)] public DriverConfig? LogDriver { get; init; }
    [Key(6)] public ulong SnapshotInterval { get; init; } = 10000;
    [Key(7)] public uint ElectionTick { get; init; } = 10;
    [Key(8)] public uint HeartbeatTick { get; init; } = 1;
}

[MessagePackObject]
public sealed record RemovedNode : VersionedRecord
{
    [Key(0)] public string NodeId { get; init; } = "";

    /// <summary>When its last certificate has expired for sure.</summary>
    [Key(1)] public DateTimeOffset Until { get; init; }
}

/// <summary>The cluster's certificate authority. The key never leaves the managers.</summary>
[MessagePackObject]
public sealed record RootCa : VersionedRecord
{
    /// <summary>PEM.</summary>
    [Key(0)] public string Certificate { get; init; } = "";

    /// <summary>PKCS#8 PEM; replicated to managers only, never logged or answered.</summary>
    [Key(1)] public string Key { get; init; } = "";

    /// <summary>sha256:... of the root certificate.</summary>
    [Key(2)] public string Digest { get; init; } = "";
    [Key(3)] public string WorkerJoinToken { get; init; } = "";
    [Key(4)] public string ManagerJoinToken { get; init; } = "";

    public override string ToString() => $"RootCa {{ Digest = {Digest} }}";
}
