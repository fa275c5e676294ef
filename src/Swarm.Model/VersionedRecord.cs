using MessagePack;

namespace Swarm.Model;

/// <summary>
/// What every replicated record is: fields that a newer version added are not lost when an older one reads the record, changes what it knows and
/// writes it back. A `with` expression keeps them; a record made anew has none.
/// </summary>
public abstract record VersionedRecord
{
    /// <summary>Null as long as nothing newer has written the record.</summary>
    [IgnoreMember] public UnknownFields? Unknown { get; init; }
}
