using Swarm.Model;

namespace Swarm.Store;

/// <summary>A record of a table that this version does not know: kept, replicated and given back as it was written, and read by nobody.</summary>
internal sealed record OpaqueRecord : IStoreObject
{
    public required string Id { get; init; }
    public required Meta Meta { get; init; }
    public required TableKind Table { get; init; }
    public required string? UniqueName { get; init; }

    public IStoreObject WithMeta(Meta meta) => this with { Meta = meta };
}
