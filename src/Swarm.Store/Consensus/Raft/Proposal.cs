namespace Swarm.Store.Consensus.Raft;

/// <summary>
/// Follows one entry through the log. An index and a term name an entry for good, so whoever is applied at <see cref="Index"/> tells what became of
/// it. Written by the log's appender and applier, read by the proposer.
/// </summary>
internal sealed class Proposal(long term)
{
    private long _index;
    private volatile bool _applied;

    internal long Term => term;

    /// <summary>0 until it was appended.</summary>
    internal long Index
    {
        get => Volatile.Read(ref _index);
        set => Volatile.Write(ref _index, value);
    }

    internal bool Applied => _applied;

    /// <summary>DotNext keys the context by index alone, so it may come with the entry that took this one's place.</summary>
    internal void OnApplied(long index, long entryTerm)
    {
        if (entryTerm == term)
        {
            Index = index;
            _applied = true;
        }
    }
}
