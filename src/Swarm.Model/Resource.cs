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
