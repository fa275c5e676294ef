namespace Swarm.Store.Consensus.Memory;

public sealed record MemoryClusterOptions
{
    /// <summary>One way between two nodes.</summary>
    public TimeSpan Latency { get; init; } = TimeSpan.FromMilliseconds(1);
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromMilliseconds(75);
    public TimeSpan LowerElectionTimeout { get; init; } = TimeSpan.FromMilliseconds(300);
    public TimeSpan UpperElectionTimeout { get; init; } = TimeSpan.FromMilliseconds(600);

    /// <summary>Entries between two snapshots; the log before is dropped.</summary>
    public int SnapshotEvery { get; init; } = 10_000;
}
