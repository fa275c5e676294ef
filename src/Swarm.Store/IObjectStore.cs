using Swarm.Model;
using Swarm.Store.Consensus;

namespace Swarm.Store;

/// <summary>Who leads the managers, as this node knows.</summary>
/// <param name="LeaderId">Node id, or null while nobody is known to lead.</param>
/// <param name="IsLeader">This node leads, and everything committed before its term is applied here.</param>
public sealed record Leadership(string? LeaderId, long Term, bool IsLeader)
{
    public static readonly Leadership None = new(null, 0, false);
}

/// <summary>The replicated object store, as the control loops and the API see it.</summary>
public interface IObjectStore
{
    /// <summary>The newest view applied on this node. May be behind the leader: see <see cref="ReadAsync"/>.</summary>
    StoreView View { get; }

    Leadership Leadership { get; }

    /// <summary>A linearizable read: everything acknowledged before the call is in the view.</summary>
    /// <exception cref="NoLeaderException">No leader answered in time.</exception>
    ValueTask<StoreView> ReadAsync(CancellationToken cancellation);

    /// <summary>
    /// Commits on the leader, wherever it is; when it returns <see cref="CommitStatus.Committed"/>, a majority holds the entry on disk and
    /// this node's <see cref="View"/> contains it.
    /// </summary>
    Task<CommitResult> CommitAsync(StoreTransaction transaction, CancellationToken cancellation);

    /// <summary>
    /// The managers that vote, as the leader counts them, and who of them answers it. Nobody's reachability is known if the leader could not be asked.
    /// </summary>
    Task<IReadOnlyList<ConsensusMember>> MembersAsync(CancellationToken cancellation);

    /// <summary>Every commit applied after the watch's <see cref="StoreWatch.Start"/>, each once, in order.</summary>
    StoreWatch Watch();

    /// <summary>The leadership now, and then each change of it. Never misses the last one; may skip ones in between.</summary>
    IAsyncEnumerable<Leadership> WatchLeadershipAsync(CancellationToken cancellation);
}

/// <summary>The cluster has no leader that a majority follows.</summary>
public sealed class NoLeaderException() : Exception(
    "The swarm does not have a leader. It's possible that too few managers are online. Make sure more than half of the managers are online.");
