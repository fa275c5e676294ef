using Swarm.Model;

namespace Swarm.Store;

/// <summary>One object as bytes, with what a replica must know of it even where it cannot read them.</summary>
internal readonly record struct StoredRow
{
    public TableKind Table { get; init; }
    public string Id { get; init; }

    /// <inheritdoc cref="Row{T}.Name"/>
    public string? Name { get; init; }
    public long Version { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }
    public byte[] Body { get; init; }
}

/// <summary>An object as bytes, and the record read from them.</summary>
/// <param name="Body"><inheritdoc cref="Row{T}.Body"/></param>
internal readonly record struct DecodedRow(StoredRow Row, IStoreObject Record, byte[]? Body);
