namespace Swarm.Store.Consensus.Raft;

/// <summary>What a node does when its data directory is empty. With a log on disk it always restarts from that.</summary>
public enum RaftBootstrap : byte
{
    /// <summary>Wait for the leader of an existing cluster to add this node.</summary>
    Join = 0,

    /// <summary>Found a new cluster of one.</summary>
    Found = 1,

    /// <summary>
    /// The quorum is lost for good: go on as the only member, in a new term, from everything that this node's log holds, committed or not. Unlike the
    /// others this one needs a log on disk, and changes what it says.
    /// </summary>
    Recover = 2,
}

public sealed record RaftOptions
{
    /// <summary>Owned by the consensus alone: log, snapshots, term and vote, membership.</summary>
    public required string Directory { get; init; }
    public required string NodeId { get; init; }
    public RaftBootstrap Bootstrap { get; init; }

    /// <summary>
    /// Keys of 32 bytes under which log and snapshots are encrypted. The first is in use; the others still open files that were written before a
    /// rotation.
    /// </summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> DataKeys { get; init; }

    public TimeSpan LowerElectionTimeout { get; init; } = TimeSpan.FromMilliseconds(300);
    public TimeSpan UpperElectionTimeout { get; init; } = TimeSpan.FromMilliseconds(600);

    /// <summary>Largest time between two messages of a leader.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromMilliseconds(75);

    /// <summary>One append of at most <see cref="MaxAppendBytes"/>, including the follower's fsync. A leader of two steps down after one that is late.</summary>
    public TimeSpan AppendTimeout { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>A request to another manager that is neither of the log nor of an election.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>One chunk of a snapshot.</summary>
    public TimeSpan SnapshotChunkTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The last chunk, after which the snapshot is verified, stored and loaded.</summary>
    public TimeSpan SnapshotInstallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a proposal whose leadership was lost waits to learn what became of it.</summary>
    public TimeSpan SettleTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Entries between two snapshots.</summary>
    public int SnapshotEvery { get; init; } = 10_000;

    /// <summary>Entries that stay in the log behind a snapshot, so that a member that lags a little gets them instead of all of it.</summary>
    public int KeptBehindSnapshot { get; init; } = 5_000;

    /// <summary>Between two looks whether a full disk takes writes again; doubles up to <see cref="LongestDiskRetry"/>.</summary>
    public TimeSpan DiskRetry { get; init; } = TimeSpan.FromMilliseconds(100);

    public TimeSpan LongestDiskRetry { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Bytes of one append request, unless a single entry is larger (design/store.md, H6).</summary>
    public int MaxAppendBytes { get; init; } = 1 << 20;

    /// <summary>
    /// Vote and pre-vote calls, dialling included: a silent member must not hold an election up (design/store.md, H7). It costs the whole of it only
    /// where no majority of the others grants.
    /// </summary>
    public TimeSpan VoteTimeout => LowerElectionTimeout / 2;

    /// <summary>An append to a member that did not answer the last time.</summary>
    public TimeSpan ProbeTimeout => LowerElectionTimeout / 4;

    /// <summary>How long a leader that gave its office away leaves the elections to the others: two rounds of theirs.</summary>
    public TimeSpan Abstention => 2 * UpperElectionTimeout;
}
