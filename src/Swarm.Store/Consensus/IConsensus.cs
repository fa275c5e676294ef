namespace Swarm.Store.Consensus;

/// <summary>The outcome of one proposed entry.</summary>
public enum ProposeStatus : byte
{
    /// <summary>A majority holds the entry durably and it was applied here.</summary>
    Committed = 0,

    /// <summary>This node does not lead; nothing was appended.</summary>
    NotLeader = 1,

    /// <summary>The leadership was lost with the entry in flight: it may or may not commit.</summary>
    Unknown = 2,

    TooLarge = 3,
}

public readonly record struct ProposeResult(ProposeStatus Status, long Index);

/// <summary>A member of the consensus, by node id: its address may change.</summary>
/// <param name="Reachable">Only the leader knows; null elsewhere.</param>
public sealed record ConsensusMember(string NodeId, bool Voter, bool? Reachable);

/// <summary>What the log feeds. Called by one thread at a time, in the order of the log.</summary>
public interface IReplicatedState
{
    void Apply(long index, long term, ReadOnlyMemory<byte> entry);

    /// <summary>A consistent copy of the state, taken without stopping <see cref="Apply"/> for long: it is written later, elsewhere.</summary>
    Action<Stream> Capture();

    void Restore(Stream snapshot);
}

/// <summary>
/// The seam between the store and what replicates it. Two things stand behind it: DotNext's Raft with our guards (design/store.md) and an
/// in-memory one on virtual time. One contract suite runs against both.
/// </summary>
public interface IConsensus : IPeerHandler, IAsyncDisposable
{
    /// <summary>First byte of a request that belongs to the store above, not to the consensus: everything from here on.</summary>
    const byte FirstStoreKind = 0x40;

    string NodeId { get; }

    Leadership Leadership { get; }

    /// <summary>Recovers from disk (or founds, or waits to be added) and takes part. Call once, before anything else.</summary>
    Task StartAsync(CancellationToken cancellation);

    /// <summary>Raised after <see cref="Leadership"/> changed. IsLeader is raised only once everything of earlier terms is applied.</summary>
    event Action<Leadership>? LeadershipChanged;

    IReadOnlyList<ConsensusMember> Members { get; }

    /// <summary>Largest entry, bytes.</summary>
    int MaxEntrySize { get; }

    /// <param name="term">The leadership that the entry belongs to: if this node leads in another by now, nothing is appended.</param>
    Task<ProposeResult> ProposeAsync(ReadOnlyMemory<byte> entry, long term, CancellationToken cancellation);

    /// <summary>
    /// Asks the leader, who asks a majority; returns once this node has applied what was committed at the call. Answers a term in which that leader leads:
    /// what belongs to earlier ones is applied here, or never will be. 0 of a leader that does not say.
    /// </summary>
    /// <exception cref="NoLeaderException">No leader answered in time.</exception>
    ValueTask<long> ReadBarrierAsync(CancellationToken cancellation);

    /// <summary>
    /// Leader: tells the members now what has committed, because one of them waits for it; otherwise they hear with the next heartbeat. Costs a round:
    /// who waits should be told by the answer, and <see cref="Learn"/>.
    /// </summary>
    void AnnounceCommits();

    /// <summary>The leader of <paramref name="term"/> answered that its entry at <paramref name="index"/> is committed: no need to wait for a heartbeat that says so.</summary>
    void Learn(long index, long term);

    /// <summary>Returns once this node has applied the entry at <paramref name="index"/>.</summary>
    ValueTask WaitForApplyAsync(long index, CancellationToken cancellation);

    /// <summary>Leader only: catches the node up, then lets it vote. False if it could not be caught up or is a member already.</summary>
    /// <exception cref="NotLeadingException">This node does not lead.</exception>
    Task<bool> AddMemberAsync(string nodeId, CancellationToken cancellation);

    /// <summary>Leader only; false if it is no member. The leader cannot remove itself: transfer the leadership, then ask the next leader.</summary>
    /// <exception cref="NotLeadingException">This node does not lead.</exception>
    Task<bool> RemoveMemberAsync(string nodeId, CancellationToken cancellation);

    /// <summary>Gives the leadership up; another member wins the next election. Nothing happens on a node that does not lead.</summary>
    Task TransferLeadershipAsync(CancellationToken cancellation);
}

/// <summary>Asked for something that only the leader can do. Nothing was done.</summary>
public sealed class NotLeadingException() : Exception("this manager does not lead the swarm");

/// <summary>Carries consensus messages between managers, by node id. Over the cluster's mutual TLS in the product; a queue in the tests.</summary>
public interface IPeerTransport
{
    /// <summary>One request and its answer. The caller bounds the time with <paramref name="cancellation"/>.</summary>
    /// <exception cref="PeerUnreachableException">The request was certainly not delivered (unknown address, connection refused).</exception>
    /// <exception cref="IOException">The peer did not answer; it may have received the request.</exception>
    Task<ReadOnlyMemory<byte>> CallAsync(string nodeId, ReadOnlyMemory<byte> request, CancellationToken cancellation);
}

/// <summary>The receiving side of <see cref="IPeerTransport"/>; the caller's node id comes from its certificate.</summary>
public interface IPeerHandler
{
    Task<ReadOnlyMemory<byte>> HandleAsync(string callerNodeId, ReadOnlyMemory<byte> request, CancellationToken cancellation);
}

/// <summary>The request was certainly not delivered, so it may be sent again.</summary>
public sealed class PeerUnreachableException(string message, Exception? inner = null) : IOException(message, inner);
