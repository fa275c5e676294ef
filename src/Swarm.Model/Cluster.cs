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

    /// <summary>Set while managers lock themselves.</summary>
    [Key(9)] public ManagerLock? Lock { get; init; }

    /// <summary>
    /// Networks that were ever made, the first of them the one for published ports; 0: the cluster is of a version without. Whoever makes a network
    /// counts it here in the same transaction, so that two who do it at once meet and never choose the same addresses.
    /// </summary>
    [Key(10)] public long NetworksMade { get; init; }

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

    /// <summary>Another number than <see cref="RootCa.LastForcedRotation"/> asks for a new root.</summary>
    [Key(9)] public ulong ForceRotate { get; init; }
    [Key(10)] public ImmutableArray<ExternalCa> ExternalCas { get; init; } = [];

    /// <summary>Kept as it was asked for: one snapshot is kept.</summary>
    [Key(11)] public ulong KeepOldSnapshots { get; init; }

    /// <summary>Kept as it was asked for; 0: Docker's default.</summary>
    [Key(12)] public ulong LogEntriesForSlowFollowers { get; init; }
}

/// <summary>A certificate authority outside the cluster that signs for one of its roots, spoken to as CFSSL is.</summary>
[MessagePackObject]
public sealed record ExternalCa : VersionedRecord
{
    /// <summary>https.</summary>
    [Key(0)] public string Url { get; init; } = "";
    [Key(1)] public ImmutableSortedDictionary<string, string> Options { get; init; } = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>PEM of the root that it signs for; empty: the cluster's current one.</summary>
    [Key(2)] public string Certificate { get; init; } = "";
}

/// <summary>Under what managers encrypt their own keys at rest. Never logged; answered only to who asks a manager for it.</summary>
[MessagePackObject]
public sealed record ManagerLock : VersionedRecord
{
    /// <summary>SWMKEY-1-...</summary>
    [Key(0)] public string Key { get; init; } = "";

    public override string ToString() => nameof(ManagerLock);
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

    /// <summary>PKCS#8 PEM; replicated to managers only, never logged or answered. Empty: an external authority signs.</summary>
    [Key(1)] public string Key { get; init; } = "";

    /// <summary>sha256:... of the root certificate.</summary>
    [Key(2)] public string Digest { get; init; } = "";
    [Key(3)] public string WorkerJoinToken { get; init; } = "";
    [Key(4)] public string ManagerJoinToken { get; init; } = "";

    /// <summary>The root that the cluster moves to.</summary>
    [Key(5)] public RootRotation? Rotation { get; init; }

    /// <summary>The <see cref="ClusterSpec.ForceRotate"/> that was carried out last.</summary>
    [Key(6)] public ulong LastForcedRotation { get; init; }

    public override string ToString() => $"RootCa {{ Digest = {Digest} }}";
}

/// <summary>
/// The cluster moves to another root: new certificates are issued by it, both roots are trusted, and once every node has such a certificate it becomes
/// the only one.
/// </summary>
[MessagePackObject]
public sealed record RootRotation : VersionedRecord
{
    /// <summary>PEM.</summary>
    [Key(0)] public string Certificate { get; init; } = "";

    /// <summary>As <see cref="RootCa.Key"/>.</summary>
    [Key(1)] public string Key { get; init; } = "";

    /// <summary>sha256:... of the certificate.</summary>
    [Key(2)] public string Digest { get; init; } = "";

    /// <summary>PEM: the new root's name and key, signed by the old root. Issued certificates carry it, for those who only know the old root.</summary>
    [Key(3)] public string CrossSigned { get; init; } = "";

    public override string ToString() => $"RootRotation {{ Digest = {Digest} }}";
}
