using MessagePack;

namespace Swarm.Model;

/// <summary>A cluster-wide network. Allocation and drivers come with the networking rooms.</summary>
[MessagePackObject]
public sealed record Network : VersionedRecord, IStoreObject
{
    [Key(0)] public string Id { get; init; } = "";
    [Key(1)] public Meta Meta { get; init; } = new();
    [Key(2)] public Annotations Annotations { get; init; } = new();
    [Key(3)] public DriverConfig Driver { get; init; } = new();
    [Key(4)] public bool Attachable { get; init; }
    [Key(5)] public bool Ingress { get; init; }
    [Key(6)] public bool Internal { get; init; }

    [IgnoreMember] public string? UniqueName => Annotations.Name;
    [IgnoreMember] public TableKind Table => TableKind.Network;
    public IStoreObject WithMeta(Meta meta) => this with { Meta = meta };
}

/// <summary>A value that only tasks which name it may read. Never logged or answered.</summary>
[MessagePackObject]
public sealed record Secret : VersionedRecord, IStoreObject
{
    [Key(0)] public string Id { get; init; } = "";
    [Key(1)] public Meta Meta { get; init; } = new();
    [Key(2)] public Annotations Annotations { get; init; } = new();
    [Key(3)] public byte[] Data { get; init; } = [];

    [IgnoreMember] public string? UniqueName => Annotations.Name;
    [IgnoreMember] public TableKind Table => TableKind.Secret;
    public IStoreObject WithMeta(Meta meta) => this with { Meta = meta };
    public override string ToString() => $"Secret {{ Id = {Id} }}";
}

/// <summary>A value that tasks read as a file.</summary>
[MessagePackObject]
public sealed record Config : VersionedRecord, IStoreObject
{
    [Key(0)] public string Id { get; init; } = "";
    [Key(1)] public Meta Meta { get; init; } = new();
    [Key(2)] public Annotations Annotations { get; init; } = new();
    [Key(3)] public byte[] Data { get; init; } = [];

    [IgnoreMember] public string? UniqueName => Annotations.Name;
    [IgnoreMember] public TableKind Table => TableKind.Config;
    public IStoreObject WithMeta(Meta meta) => this with { Meta = meta };
}
