using MessagePack;

namespace Swarm.Model;

/// <summary>The tables of the replicated store. The numbers are written to disk: never reuse one.</summary>
public enum TableKind : byte
{
    Cluster = 1,
    Node = 2,
    Service = 3,
    Task = 4,
    Network = 5,
    Secret = 6,
    Config = 7,
    Volume = 8,
}

/// <summary>What the store knows of every object. <see cref="Version"/> is the index of the log entry that last wrote it.</summary>
[MessagePackObject]
public sealed record Meta : VersionedRecord
{
    [Key(0)] public long Version { get; init; }
    [Key(1)] public DateTimeOffset CreatedAt { get; init; }
    [Key(2)] public DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>An immutable record of one of the store's tables.</summary>
public interface IStoreObject
{
    string Id { get; }
    Meta Meta { get; }

    /// <summary>The name that is unique within the table, or null where names may repeat (tasks) or do not exist.</summary>
    string? UniqueName { get; }
    TableKind Table { get; }
    IStoreObject WithMeta(Meta meta);
}

/// <summary>Name and labels, as every user-made object carries them.</summary>
[MessagePackObject]
public sealed record Annotations : VersionedRecord
{
    [Key(0)] public string Name { get; init; } = "";
    [Key(1)] public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);
}
