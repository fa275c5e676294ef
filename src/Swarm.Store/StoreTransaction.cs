using MessagePack;
using Swarm.Model;

namespace Swarm.Store;

public enum ChangeKind : byte { Create = 0, Update = 1, Delete = 2 }

/// <summary>One change as it is written to the log: the record itself, or for a delete only its id.</summary>
[MessagePackObject]
public sealed record StoredChange : VersionedRecord
{
    [Key(0)] public ChangeKind Kind { get; init; }
    [Key(1)] public TableKind Table { get; init; }
    [Key(2)] public string Id { get; init; } = "";

    /// <summary>The version the change was decided on; the transaction fails if the object has moved. Not used by a create.</summary>
    [Key(3)] public long ReadVersion { get; init; }

    /// <summary>The record's own bytes, without its version and times; empty for a delete.</summary>
    [Key(4)] public byte[] Body { get; init; } = [];

    /// <summary>False in what the first version wrote: the name is then in the record alone.</summary>
    [Key(5)] public bool CarriesName { get; init; }

    /// <summary>The record's unique name, which every replica keeps unique even in a table that it does not know.</summary>
    [Key(6)] public string? Name { get; init; }
}

/// <summary>
/// A set of creates, updates and deletes that commits whole or not at all. Every update and delete carries the version at which its object was
/// read (the record's own <see cref="Meta.Version"/>), and every replica checks it again when it applies the entry.
/// </summary>
public sealed class StoreTransaction
{
    /// <summary>Changes that one transaction may hold.</summary>
    public const int MaxChanges = 512;

    private readonly List<StoredChange> _changes = [];

    public int Count => _changes.Count;

    internal IReadOnlyList<StoredChange> Changes => _changes;

    public StoreTransaction Create(IStoreObject record) => Add(ChangeKind.Create, record, 0);

    public StoreTransaction Update(IStoreObject record) => Add(ChangeKind.Update, record, record.Meta.Version);

    public StoreTransaction Delete(IStoreObject record)
    {
        _changes.Add(new StoredChange { Kind = ChangeKind.Delete, Table = record.Table, Id = record.Id, ReadVersion = record.Meta.Version });
        return this;
    }

    private StoreTransaction Add(ChangeKind kind, IStoreObject record, long version)
    {
        _changes.Add(new StoredChange
        {
            Kind = kind,
            Table = record.Table,
            Id = record.Id,
            ReadVersion = version,
            Body = Records.Encode(record),
            CarriesName = true,
            Name = record.UniqueName,
        });
        return this;
    }
}

public enum CommitStatus : byte
{
    Committed = 0,

    /// <summary>An object moved since it was read, or is gone. Nothing was written.</summary>
    Conflict = 1,

    /// <summary>Another object of the table has the name. Nothing was written.</summary>
    NameTaken = 2,

    /// <summary>An object with the id exists already. Nothing was written.</summary>
    Exists = 3,

    /// <summary>There is no leader to ask. Nothing was written.</summary>
    NoLeader = 4,

    /// <summary>The leadership was lost while the entry was in flight: it may or may not commit.</summary>
    Unknown = 5,

    /// <summary>The transaction exceeds the bounds of an entry. Nothing was written.</summary>
    TooLarge = 6,
}

/// <summary>How a transaction ended.</summary>
/// <param name="Index">The log index of the entry, and the new version of everything that it wrote; 0 if not committed.</param>
/// <param name="ObjectId">The object that stood in the way, if one did.</param>
[MessagePackObject]
public readonly record struct CommitResult(
    [property: Key(0)] CommitStatus Status,
    [property: Key(1)] long Index,
    [property: Key(2)] string? ObjectId)
{
    [IgnoreMember]
    public bool IsCommitted => Status == CommitStatus.Committed;
}
