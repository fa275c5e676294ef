namespace Swarm.Store.Consensus.Raft;

/// <summary>How far the log is committed, and from whom that is known.</summary>
internal sealed partial class RaftLog
{
    private volatile LearntCommit? _learnt;

    /// <summary>A follower commits what its leader says; a leader only what a majority of the members holds on disk (H2).</summary>
    internal async ValueTask<long> CommitAsync(long endIndex, CancellationToken cancellation)
    {
        endIndex = Math.Min(endIndex, LastIndex);
        await _syncing.WaitAsync(endIndex, cancellation).ConfigureAwait(false);

        if (_leadership is { } own)
        {
            endIndex = Math.Min(endIndex, _matches.MajorityIndex(_voters(), _nodeId, own.Term, _segments.DurableIndex));
            if (endIndex < own.FirstIndex)
            {
                // Raft, 5.4.2: entries of earlier terms commit only together with one of this term.
                return 0;
            }
        }

        return MoveCommit(endIndex);
    }

    /// <summary>
    /// Follower: the leader of <paramref name="term"/> committed its entry at <paramref name="index"/>. Where this log holds that very entry it holds all
    /// before it, too (Raft, 5.3), so they are committed here as well; the entry may also be still on its way.
    /// </summary>
    internal void Learn(long index, long term)
    {
        if (index > (_learnt?.Index ?? 0))
        {
            // Of two at once either may stay: the other is told by the next heartbeat.
            _learnt = new LearntCommit(index, term);
        }

        CommitLearnt();
    }

    /// <summary>Notes how much is committed: the next start need not wait for a leader to apply it.</summary>
    internal void RememberCommit() => OrBreak(() => _files.Mark.Committed(Math.Min(CommittedIndex, _segments.DurableIndex)));

    private void CommitLearnt()
    {
        // A leader counts for itself.
        if (_learnt is { } learnt && _leadership is null && learnt.Index > CommittedIndex && learnt.Index <= DurableIndex && HasEntry(learnt.Index, learnt.Term))
        {
            MoveCommit(learnt.Index);
        }
    }

    private bool HasEntry(long index, long term)
    {
        try
        {
            return TermOf(index) == term;
        }
        catch (ArgumentOutOfRangeException)
        {
            // Just cut off, for the entries of another leader.
            return false;
        }
    }

    /// <summary>By how much.</summary>
    private long MoveCommit(long endIndex)
    {
        var before = CommittedIndex;
        while (endIndex > before)
        {
            var seen = Interlocked.CompareExchange(ref _committed, endIndex, before);
            if (seen == before)
            {
                _applier.Wake();
                return endIndex - before;
            }

            before = seen;
        }

        return 0;
    }

    private sealed record LearntCommit(long Index, long Term);
}
