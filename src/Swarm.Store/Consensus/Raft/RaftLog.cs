using DotNext.IO.Log;
using DotNext.Net.Cluster;
using DotNext.Net.Cluster.Consensus.Raft;
using Microsoft.Extensions.Logging;
using Swarm.Linux;
using Swarm.Store.Consensus.Raft.Disk;

namespace Swarm.Store.Consensus.Raft;

/// <summary>
/// The log as the Raft core uses it (through <see cref="CoreLog"/>), with what the core leaves open made safe (design/store.md, H1, H2, H4 and
/// H9). Writers come one at a time through a gate; the core's lock around role changes means that a leader's and a follower's calls never overlap.
/// A leader's entries are synced by a loop while they travel to the others; a follower's before they are answered.
/// </summary>
internal sealed partial class RaftLog : IAsyncDisposable
{
    /// <summary>Bytes and entries handed out at once; a member that needs more gets them in the next round.</summary>
    private const int MaxReadBytes = 4 << 20;
    private const int MaxReadEntries = 2048;

    private readonly RaftFiles _files;
    private readonly LogMachine _machine;
    private readonly string _nodeId;
    private readonly MatchTable _matches;
    private readonly Func<IReadOnlyCollection<string>> _voters;
    private readonly DiskHealth _health;
    private readonly SegmentedLog _segments;
    private readonly EntryWindow _window = new();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly LogApplier _applier;
    private readonly LogSync _syncing;
    private long _last;
    private long _committed;
    private volatile OwnLeadership? _leadership;

    internal RaftLog(
        RaftFiles files, LogMachine machine, string nodeId, MatchTable matches, Func<IReadOnlyCollection<string>> voters, DiskHealth health)
    {
        _files = files;
        _machine = machine;
        _nodeId = nodeId;
        _matches = matches;
        _voters = voters;
        _health = health;
        var snapshot = machine.Snapshot;
        _segments = files.OpenLog(snapshot);
        _last = _segments.LastIndex;
        _committed = Math.Max(snapshot?.Index ?? 0, Math.Min(files.Mark.CommitIndex, _last));
        _applier = new LogApplier(this, machine, files.Members, health, snapshot?.Index ?? 0);
        _syncing = new LogSync(Sync, () => _segments.DurableIndex, health);
        machine.SnapshotTaken += file => _segments.RemoveBehind(file.Index, files.KeptBehindSnapshot);
    }

    internal long Term => _files.Votes.Term;

    internal long LastIndex => Volatile.Read(ref _last);

    internal long CommittedIndex => Volatile.Read(ref _committed);

    internal long AppliedIndex => _applier.Index;

    /// <summary>Up to here the log survives a power cut.</summary>
    internal long DurableIndex => _segments.DurableIndex;

    /// <summary>The leadership that this node's newest no-op began; null while it follows.</summary>
    internal OwnLeadership? Leadership => _leadership is { } own && own.Term == Term ? own : null;

    /// <summary>Starts the loops; returns once everything that was known to be committed is applied.</summary>
    internal async Task StartAsync(CancellationToken cancellation)
    {
        _applier.Start();
        await _applier.WaitAsync(CommittedIndex, cancellation).ConfigureAwait(false);
    }

    internal ValueTask WaitForApplyAsync(long index, CancellationToken cancellation) => _applier.WaitAsync(index, cancellation);

    internal bool IsVotedFor(in ClusterMemberId member) => _files.Votes.Vote.Length == 0 || _files.Votes.Vote.AsSpan().SequenceEqual(MemberBytes.Of(member));

    /// <summary>Durable when it returns; a vote that may not be on disk is never given.</summary>
    /// <exception cref="BrokenDiskException">It is not known whether it is.</exception>
    internal void Vote(long term, ReadOnlySpan<byte> vote)
    {
        _health.ThrowIfBroken();
        try
        {
            _files.Votes.Write(term, vote);
        }
        catch (IOException e)
        {
            throw Break(e);
        }
    }

    /// <summary>Term and vote, the latter kept.</summary>
    internal void MoveTo(long term) => Vote(term, _files.Votes.Vote);

    /// <summary>The leader's own append: a no-op, a membership, or an entry of the store. Synced by the time it is committed.</summary>
    /// <param name="isNoOp">It may begin a leadership; then a full disk is waited for, as the core knows no other answer.</param>
    /// <exception cref="NotLeaderException">The entry does not belong to a leadership of this node; nothing was appended.</exception>
    /// <exception cref="IOException">The disk is full; nothing was appended.</exception>
    internal async ValueTask<long> AppendAsLeaderAsync(
        long term, LogItemKind kind, ReadOnlyMemory<byte> content, Proposal? proposal, bool isNoOp, CancellationToken cancellation)
    {
        while (true)
        {
            await _writing.WaitAsync(cancellation).ConfigureAwait(false);
            try
            {
                // H4: the term may have moved to another leader's while this node has not yet stepped down. An entry of ours under that term would
                // pass for the other leader's own.
                var own = _leadership;
                var begins = isNoOp && term > (own?.Term ?? -1);
                if (term != Term || (!begins && term != own?.Term))
                {
                    throw new NotLeaderException();
                }

                var item = new LogItem(LastIndex + 1, term, kind, content, proposal);
                if (_health.Failure is { } failure)
                {
                    throw new IOException(failure.Why, LinuxError.NoSpace);
                }

                Append([item]);
                _leadership = begins ? new OwnLeadership(term, item.Index) : own;
                if (proposal is not null)
                {
                    proposal.Index = item.Index;
                }

                _syncing.Wake();
                return item.Index;
            }
            catch (IOException e) when (isNoOp && LinuxError.IsNoSpace(e))
            {
                // Goes on below, outside of the gate.
            }
            finally
            {
                _writing.Release();
            }

            await _health.MendedAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The follower's append. Returns once the entries are on disk, and only then is the answer sent (H1).</summary>
    /// <exception cref="IOException">The disk is full; nothing new is in the log.</exception>
    internal async ValueTask AppendAsFollowerAsync(IReadOnlyList<LogItem> items, CancellationToken cancellation)
    {
        await _writing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            _health.ThrowIfBroken();
            _leadership = null;

            // Entries that the log has already stay: a late copy of an old message must not remove what was acknowledged since.
            var known = 0;
            while (known < items.Count && items[known].Index <= LastIndex && (items[known].Index <= CommittedIndex || TermOf(items[known].Index) == items[known].Term))
            {
                known++;
            }

            if (known < items.Count)
            {
                if (items[known].Index <= LastIndex)
                {
                    TruncateAfter(items[known].Index - 1);
                }

                Append(known == 0 ? items : [.. items.Skip(known)]);
                _health.Mended();
            }

            // Also when nothing was new: an earlier append may have been cut off before its sync.
            Sync();
        }
        finally
        {
            _writing.Release();
        }

        CommitLearnt();
    }

    /// <summary>A snapshot takes the place of the log up to its end, and of all of it where that contradicts.</summary>
    internal async ValueTask InstallAsync(ReceivedSnapshot received, CancellationToken cancellation)
    {
        await _writing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            _health.ThrowIfBroken();
            using var standstill = await _applier.StopAsync(cancellation).ConfigureAwait(false);
            if (received.Index <= CommittedIndex)
            {
                throw new InvalidOperationException("a snapshot of entries that are committed here already");
            }

            _leadership = null;
            var continues = received.Index <= LastIndex && TermOf(received.Index) == received.Term;
            if (!continues)
            {
                // Before the snapshot has its name: a crash in between must not find fewer entries than were promised.
                OrBreak(() => _segments.Renounce(CommittedIndex));
            }

            var file = await TakeOverAsync(received).ConfigureAwait(false);
            if (!continues)
            {
                OrBreak(() => _segments.Reset(file.Index, file.Term));
                _window.Clear();
                Volatile.Write(ref _last, file.Index);
            }

            OrBreak(() => _machine.Restore(file));
            Volatile.Write(ref _committed, file.Index);
            _applier.Skip(file.Index);
            RememberCommit();
        }
        finally
        {
            _writing.Release();
        }
    }

    internal LogItem? Find(long index) => _window.Find(index);

    /// <exception cref="ArgumentOutOfRangeException">The log has no such entry: a snapshot covers it, or it is not written yet.</exception>
    internal long TermOf(long index) => _window.Find(index)?.Term ?? _segments.TermOf(index);

    /// <summary>True if the entry lies before the log: only a snapshot holds it.</summary>
    internal bool IsCovered(long index) => index < _segments.BaseIndex || (index == _segments.BaseIndex && index == 0);

    /// <summary>Entries from <paramref name="from"/> on, at least one; nothing if a snapshot covers them.</summary>
    internal List<LogItem> Read(long from, long to)
    {
        var items = new List<LogItem>();
        var bytes = 0;
        for (var index = from; index <= to && items.Count < MaxReadEntries && bytes < MaxReadBytes; index++)
        {
            if (_window.Find(index) is not { } item)
            {
                return items.Count > 0 ? items : _segments.Read(from, Math.Min(to, from + MaxReadEntries - 1), MaxReadBytes);
            }

            items.Add(item);
            bytes += item.Content.Length;
        }

        return items;
    }

    /// <summary>Makes every segment open with the first of the keys alone.</summary>
    internal async Task RewrapAsync(CancellationToken cancellation)
    {
        await _writing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            OrBreak(_segments.Rewrap);
        }
        finally
        {
            _writing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _syncing.DisposeAsync().ConfigureAwait(false);
        await _applier.DisposeAsync().ConfigureAwait(false);
        _segments.Dispose();
        _writing.Dispose();
    }

    private void Append(IReadOnlyList<LogItem> items)
    {
        try
        {
            _segments.Append(items);
        }
        catch (IOException e) when (LinuxError.IsNoSpace(e) && e is not BrokenDiskException)
        {
            _health.Full(e);
            throw;
        }
        catch (IOException e)
        {
            throw Break(e);
        }

        foreach (var item in items)
        {
            _window.Add(item);
        }

        Volatile.Write(ref _last, items[^1].Index);
    }

    private void TruncateAfter(long index)
    {
        OrBreak(() => _segments.TruncateAfter(index));
        _window.TruncateAfter(index);
        Volatile.Write(ref _last, index);
    }

    private void Sync() => OrBreak(_segments.Sync);

    private async Task<SnapshotFile> TakeOverAsync(ReceivedSnapshot received)
    {
        try
        {
            return await _machine.TakeOverAsync(received).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            OrBreak(_segments.Reaffirm);
            throw;
        }
    }

    private void OrBreak(Action act)
    {
        try
        {
            act();
        }
        catch (Exception e)
        {
            // Whatever it was: what the disk holds and what memory says may differ now.
            throw Break(e);
        }
    }

    private BrokenDiskException Break(Exception failure)
    {
        var broken = failure as BrokenDiskException ?? new BrokenDiskException(failure as IOException ?? new IOException(failure.Message, failure));
        _health.Break(broken);
        _applier.Fail(broken);
        return broken;
    }

    /// <param name="FirstIndex">Index of the no-op.</param>
    internal sealed record OwnLeadership(long Term, long FirstIndex);
}
