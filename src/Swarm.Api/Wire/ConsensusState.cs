namespace Swarm.Api.Wire;

/// <summary>What one manager itself holds and believes, right or wrong: for diagnosis.</summary>
public sealed record ConsensusState
{
    public string NodeID { get; init; } = "";
    public long Term { get; init; }

    /// <summary>Empty: it knows of no leader.</summary>
    public string LeaderID { get; init; } = "";

    /// <summary>It leads, and has applied everything of earlier terms.</summary>
    public bool IsLeader { get; init; }

    /// <summary>Index of the last entry in its store.</summary>
    public long AppliedIndex { get; init; }

    /// <summary>SHA-256 of its store at that index; null if it was not asked for.</summary>
    public string? Digest { get; init; }
}
