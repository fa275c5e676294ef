using MessagePack;

namespace Swarm.Model;

public enum NodeRole : byte { Worker = 0, Manager = 1 }

public enum NodeAvailability : byte { Active = 0, Pause = 1, Drain = 2 }

/// <summary>What the managers see of a node. Suspect: silent, but its tasks are not yet replaced.</summary>
public enum NodeState : byte { Unknown = 0, Down = 1, Ready = 2, Disconnected = 3, Suspect = 4 }

/// <summary>A machine of the cluster. Its id is in its certificate; its address may change.</summary>
[MessagePackObject]
public sealed record Node : VersionedRecord, IStoreObject
{
    [Key(0)] public string Id { get; init; } = "";
    [Key(1)] public Meta Meta { get; init; } = new();
    [Key(2)] public NodeSpec Spec { get; init; } = new();
    [Key(3)] public NodeDescription Description { get; init; } = new();
    [Key(4)] public NodeStatus Status { get; init; } = new();

    /// <summary>Set while the node is a member of the managers' consensus.</summary>
    [Key(5)] public ManagerStatus? Manager { get; init; }

    /// <summary>The role that the node's certificate carries; the spec's role is what the user wants.</summary>
    [Key(6)] public NodeRole Role { get; init; }

    /// <summary>
    /// The store's index at which the node's promotion was decided; 0: it has had its role since it joined. A manager's certificate that was issued before
    /// is renewed: a replica that has not heard of the promotion would take it for the one that the demotion made void.
    /// </summary>
    [Key(7)] public long PromotedAt { get; init; }

    /// <summary>Its own places on networks: on the one that carries published ports.</summary>
    [Key(8)] public ImmutableArray<NetworkAttachment> Networks { get; init; } = [];

    [IgnoreMember] public string? UniqueName => null;
    [IgnoreMember] public TableKind Table => TableKind.Node;
    public IStoreObject WithMeta(Meta meta) => this with { Meta = meta };
}

[MessagePackObject]
public sealed record NodeSpec : VersionedRecord
{
    [Key(0)] public Annotations Annotations { get; init; } = new();
    [Key(1)] public NodeRole Role { get; init; }
    [Key(2)] public NodeAvailability Availability { get; init; }
}

/// <summary>What a node says of itself when its agent registers.</summary>
[MessagePackObject]
public sealed record NodeDescription : VersionedRecord
{
    [Key(0)] public string Hostname { get; init; } = "";
    [Key(1)] public Platform Platform { get; init; } = new();
    [Key(2)] public Resources Resources { get; init; } = new();
    [Key(3)] public string EngineVersion { get; init; } = "";
    [Key(4)] public ImmutableSortedDictionary<string, string> EngineLabels { get; init; } = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);
    [Key(5)] public ImmutableArray<EnginePlugin> Plugins { get; init; } = [];

    /// <summary>PEM of the root certificate that the node trusts.</summary>
    [Key(6)] public string TrustRoot { get; init; } = "";
    [Key(7)] public byte[] CertIssuerSubject { get; init; } = [];
    [Key(8)] public byte[] CertIssuerPublicKey { get; init; } = [];
}

[MessagePackObject]
public sealed record Platform : VersionedRecord
{
    /// <summary>As uname says: x86_64, aarch64.</summary>
    [Key(0)] public string Architecture { get; init; } = "";
    [Key(1)] public string Os { get; init; } = "";
}

[MessagePackObject]
public sealed record EnginePlugin : VersionedRecord
{
    [Key(0)] public string Type { get; init; } = "";
    [Key(1)] public string Name { get; init; } = "";
}

[MessagePackObject]
public sealed record NodeStatus : VersionedRecord
{
    [Key(0)] public NodeState State { get; init; }
    [Key(1)] public string Message { get; init; } = "";

    /// <summary>The address, without port, that the managers see the node at.</summary>
    [Key(2)] public string Address { get; init; } = "";

    /// <summary>host:port at which managers dial the node; empty in what an older version wrote.</summary>
    [Key(3)] public string RpcAddress { get; init; } = "";

    /// <summary>Where other nodes send the frames of networks, without port; empty: at <see cref="Address"/>.</summary>
    [Key(4)] public string DataPathAddress { get; init; } = "";
}

[MessagePackObject]
public sealed record ManagerStatus : VersionedRecord
{
    /// <summary>host:port at which other managers dial this one.</summary>
    [Key(0)] public string Address { get; init; } = "";
}

/// <summary>An amount of a node's capacity.</summary>
[MessagePackObject]
public sealed record Resources : VersionedRecord
{
    /// <summary>Billionths of one CPU.</summary>
    [Key(0)] public long NanoCpus { get; init; }

    /// <summary>Bytes.</summary>
    [Key(1)] public long MemoryBytes { get; init; }
    [Key(2)] public ImmutableArray<GenericResource> Generic { get; init; } = [];
}

/// <summary>A counted (<see cref="Value"/>) or named (<see cref="NamedValue"/>) resource of the user's own kind.</summary>
[MessagePackObject]
public sealed record GenericResource : VersionedRecord
{
    [Key(0)] public string Kind { get; init; } = "";
    [Key(1)] public long Value { get; init; }
    [Key(2)] public string? NamedValue { get; init; }
}
