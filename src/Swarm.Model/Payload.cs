using MessagePack;

namespace Swarm.Model;

/// <summary>What secrets and configs have in common: a value that tasks see as a file, and that never changes.</summary>
public interface IPayload : IStoreObject
{
    Annotations Annotations { get; }
    byte[] Data { get; }

    /// <summary>The value is a template of the language of this name, filled in for each task; null: it is taken as it is.</summary>
    DriverConfig? Templating { get; }
    IPayload WithAnnotations(Annotations annotations);
}

/// <summary>A value that only tasks which name it may read. Never logged or answered.</summary>
[MessagePackObject]
public sealed record Secret : VersionedRecord, IPayload
{
    [Key(0)] public string Id { get; init; } = "";
    [Key(1)] public Meta Meta { get; init; } = new();
    [Key(2)] public Annotations Annotations { get; init; } = new();
    [Key(3)] public byte[] Data { get; init; } = [];
    [Key(4)] public DriverConfig? Templating { get; init; }

    [IgnoreMember] public string? UniqueName => Annotations.Name;
    [IgnoreMember] public TableKind Table => TableKind.Secret;
    public IStoreObject WithMeta(Meta meta) => this with { Meta = meta };
    public IPayload WithAnnotations(Annotations annotations) => this with { Annotations = annotations };
    public override string ToString() => $"Secret {{ Id = {Id} }}";
}

/// <summary>A value that tasks read as a file.</summary>
[MessagePackObject]
public sealed record Config : VersionedRecord, IPayload
{
    [Key(0)] public string Id { get; init; } = "";
    [Key(1)] public Meta Meta { get; init; } = new();
    [Key(2)] public Annotations Annotations { get; init; } = new();
    [Key(3)] public byte[] Data { get; init; } = [];
    [Key(4)] public DriverConfig? Templating { get; init; }

    [IgnoreMember] public string? UniqueName => Annotations.Name;
    [IgnoreMember] public TableKind Table => TableKind.Config;
    public IStoreObject WithMeta(Meta meta) => this with { Meta = meta };
    public IPayload WithAnnotations(Annotations annotations) => this with { Annotations = annotations };
}
