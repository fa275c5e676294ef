using System.Collections.Immutable;
using System.Threading.Channels;
using Swarm.Model;

namespace Swarm.Store;

/// <param name="Old">Null for a create.</param>
/// <param name="New">Null for a delete.</param>
public sealed record StoreChange(ChangeKind Kind, TableKind Table, IStoreObject? Old, IStoreObject? New)
{
    public IStoreObject Object => New ?? Old!;
}

/// <summary>What one committed transaction changed.</summary>
/// <param name="View">The store right after it.</param>
public sealed record StoreCommit(StoreView View, ImmutableArray<StoreChange> Changes);

/// <summary>
/// A bounded queue of commits. A reader that falls behind gets <see cref="WatchLaggedException"/> and must start over with a new watch:
/// this also happens when a snapshot replaces the store.
/// </summary>
public sealed class StoreWatch : IDisposable
{
    /// <summary>Commits that wait for one reader.</summary>
    public const int Capacity = 8192;

    private readonly Channel<StoreCommit> _commits = Channel.CreateBounded<StoreCommit>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private readonly Action<StoreWatch> _closed;

    internal StoreWatch(StoreView start, Action<StoreWatch> closed)
    {
        Start = start;
        _closed = closed;
    }

    /// <summary>The view that the first commit follows.</summary>
    public StoreView Start { get; }

    /// <exception cref="WatchLaggedException">Thrown while reading, once commits were dropped.</exception>
    public ChannelReader<StoreCommit> Commits => _commits.Reader;

    internal void Deliver(StoreCommit commit)
    {
        if (!_commits.Writer.TryWrite(commit))
        {
            Lag();
        }
    }

    internal void Lag() => _commits.Writer.TryComplete(new WatchLaggedException());

    public void Dispose()
    {
        _commits.Writer.TryComplete();
        _closed(this);
    }
}

public sealed class WatchLaggedException() : Exception("the watch fell behind and must start over from a new view");
