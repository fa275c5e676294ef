namespace Swarm.Store.Consensus.Raft;

/// <summary>
/// The (pre-)votes of this node's own candidacy. The core waits for every member although a majority decides, so a silent one costs each election
/// its whole timeout twice; once a majority has granted, the calls that are still open are cut.
/// </summary>
internal sealed class Ballot(Func<int> voters)
{
    private readonly Lock _lock = new();
    private Round _current = new(default, 0);

    /// <summary>The round that this call to <paramref name="nodeId"/> belongs to. Asking a member again begins the next round.</summary>
    internal Round Join(RaftKind kind, long term, string nodeId)
    {
        lock (_lock)
        {
            if (_current.Kind != kind || _current.Term != term || !_current.Asked.Add(nodeId))
            {
                _current = new Round(kind, term);
                _current.Asked.Add(nodeId);
            }

            return _current;
        }
    }

    internal async Task GrantedAsync(Round round)
    {
        if (Interlocked.Increment(ref round.Grants) == (voters() / 2) + 1)
        {
            await round.Decision.CancelAsync().ConfigureAwait(false);
        }
    }

    internal sealed class Round(RaftKind kind, long term)
    {
        internal int Grants;

        internal RaftKind Kind => kind;

        internal long Term => term;

        internal HashSet<string> Asked { get; } = new(StringComparer.Ordinal);

        // Never disposed: it has no timer, and calls that are late may still look at it.
        internal CancellationTokenSource Decision { get; } = new();
    }
}
