namespace Swarm.Api.Wire;

/// <summary>A node's part of a network of the cluster, compared with the store.</summary>
public sealed record NetworkCheckResult
{
    public string NodeID { get; init; } = "";

    /// <summary>The store's index that its table is of; absent: it has none, or could not be asked.</summary>
    public long? Index { get; init; }

    /// <summary>One line each; empty: none.</summary>
    public IReadOnlyList<string> Differences { get; init; } = [];
}
