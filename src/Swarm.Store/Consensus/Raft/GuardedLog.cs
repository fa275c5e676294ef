using DotNext.IO.Log;
using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;

namespace Swarm.Store.Consensus.Raft;

/// <summary>
/// DotNext's log with the guards that make it safe (design/store.md, H1, H2, H4, H9). It re-implements the interface that the Raft core appends
/// and commits through; the core's lock around role changes means that a leader's and a follower's calls never overlap.
/// </summary>
internal sealed class GuardedLog : WriteAheadLog, IAuditTrail<IRaftLogEntry>
{
    private readonly string _nodeId;
    private readonly MatchTable _matches;
    private readonly SideRecord _record;
    private readonly Func<IReadOnlyCollection<string>> _voters;
    private volatile OwnLeadership? _leadership;

    internal GuardedLog(Options options, LogMachine machine, string nodeId, MatchTable matches, SideRecord record, Func<IReadOnlyCollection<string>> voters)
        : base(options, machine)
    {
        _nodeId = nodeId;
        _matches = matches;
        _record = record;
        _voters = voters;
    }

    internal long Term => ((IPersistentState)this).Term;

    /// <summary>The leadership that this node's newest no-op began; null while it follows.</summary>
    internal OwnLeadership? Leadership => _leadership is { } own && own.Term == Term ? own : null;

    /// <summary>The leader's own append: a no-op, a membership, or an entry of the store.</summary>
    /// <exception cref="NotLeaderException">The entry does not belong to a leadership of this node; nothing was appended.</exception>
    async ValueTask<long> IAuditTrail<IRaftLogEntry>.AppendAsync<TEntry>(TEntry entry, CancellationToken token)
    {
        // H4: the term may have moved to another leader's while this node has not yet stepped down. An entry of ours under that term would pass for
        // the other leader's own.
        var own = _leadership;
        var begins = typeof(TEntry) == typeof(EmptyLogEntry) && entry.Term > (own?.Term ?? -1);
        if (entry.Term != Term || (!begins && entry.Term != own?.Term))
        {
            throw new NotLeaderException();
        }

        var index = await base.AppendAsync(entry, token).ConfigureAwait(false);
        if (begins)
        {
            _leadership = new OwnLeadership(entry.Term, index);
        }
        else if (entry is IInputLogEntry { Context: Proposal proposal })
        {
            proposal.Index = index;
        }

        return index;
    }

    /// <summary>The follower's append. Returns once the entries are on disk, and only then is the answer sent (H1).</summary>
    async ValueTask IAuditTrail<IRaftLogEntry>.AppendAsync<TEntry>(ILogEntryProducer<TEntry> entries, long startIndex, bool skipCommitted, CancellationToken token)
    {
        _leadership = null;
        var rest = new UnseenEntries<TEntry>(entries);
        startIndex = await SkipKnownAsync(rest, startIndex, token).ConfigureAwait(false);
        if (rest.RemainingCount > 0)
        {
            if (startIndex <= LastEntryIndex)
            {
                // The tail gives way to the leader's. Written first, so that a crash in between finds a record that claims less than the log holds.
                _record.Log(startIndex - 1, sync: true);
            }

            await base.AppendAsync(rest, startIndex, skipCommitted, token).ConfigureAwait(false);
        }

        // Also when nothing was new: an earlier append may have been cut off before its sync.
        await FlushAsync(CancellationToken.None).ConfigureAwait(false);
        _record.Log(LastEntryIndex, sync: false);
    }

    /// <summary>A follower commits what its leader says; a leader only what a majority of the members holds on disk (H2).</summary>
    async ValueTask<long> IAuditTrail.CommitAsync(long endIndex, CancellationToken token)
    {
        if (_leadership is { } own)
        {
            endIndex = Math.Min(endIndex, _matches.MajorityIndex(_voters(), _nodeId, own.Term, LastEntryIndex));
            if (endIndex < own.FirstIndex)
            {
                // Raft, 5.4.2: entries of earlier terms commit only together with one of this term.
                return 0;
            }
        }

        // Waits until this node's own log is synced up to there.
        var count = await CommitAsync(endIndex, token).ConfigureAwait(false);
        _record.LogAtLeast(endIndex);
        return count;
    }

    /// <summary>Term of an entry of the log; for the last index of the snapshot, the snapshot's.</summary>
    internal ValueTask<long> TermOfAsync(long index, CancellationToken token) => ReadAsync(TermReader.Instance, index, index, token);

    /// <summary>
    /// Steps over entries that the log has already. DotNext cuts the log off at the end of what it appends, so a late copy of an old message would
    /// remove entries that were acknowledged since.
    /// </summary>
    private async ValueTask<long> SkipKnownAsync<TEntry>(UnseenEntries<TEntry> entries, long index, CancellationToken token) where TEntry : IRaftLogEntry
    {
        for (; index <= LastEntryIndex && await entries.PeekAsync().ConfigureAwait(false); index++)
        {
            if (index > LastCommittedEntryIndex && await TermOfAsync(index, token).ConfigureAwait(false) != entries.Next.Term)
            {
                break;
            }

            entries.Skip();
        }

        return index;
    }

    private sealed class TermReader : ILogEntryConsumer<IRaftLogEntry, long>
    {
        internal static readonly TermReader Instance = new();

        public bool LogEntryMetadataOnly => true;

        public ValueTask<long> ReadAsync<TEntry, TList>(TList entries, long? snapshotIndex, CancellationToken token)
            where TEntry : IRaftLogEntry where TList : IReadOnlyList<TEntry> => new(entries[0].Term);
    }

    /// <param name="FirstIndex">Index of the no-op.</param>
    internal sealed record OwnLeadership(long Term, long FirstIndex);
}
