using System.Runtime.CompilerServices;
using DotNext.IO;
using DotNext.IO.Log;
using DotNext.Net.Cluster;
using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;
using Swarm.Store.Consensus.Raft.Disk;

namespace Swarm.Store.Consensus.Raft;

/// <summary>
/// Our log in the clothes of DotNext's. Its <see cref="IPersistentState"/> cannot be implemented elsewhere (one setter is internal), but it can be
/// implemented again by a class that inherits from one of its own; so this inherits from <see cref="WriteAheadLog"/>, implements every member again,
/// and never runs its constructor: no file, no loop, no field of the base is ever used but the property for the members (decision 0006).
/// </summary>
internal sealed class CoreLog : WriteAheadLog, IPersistentState
{
    private RaftLog _log = null!;
    private LogMachine _machine = null!;

    // Never called.
    private CoreLog()
        : base(null!, null!)
    {
    }

    internal static CoreLog Create(RaftLog log, LogMachine machine)
    {
        var core = (CoreLog)RuntimeHelpers.GetUninitializedObject(typeof(CoreLog));
        GC.SuppressFinalize(core);
        core._log = log;
        core._machine = machine;
        return core;
    }

    int IPersistentState.Version => 0;

    bool IAuditTrail.IsLogEntryLengthAlwaysPresented => true;

    long IPersistentState.Term => _log.Term;

    long IAuditTrail.LastCommittedEntryIndex => _log.CommittedIndex;

    long IAuditTrail.LastEntryIndex => _log.LastIndex;

    Task IAuditTrail.InitializeAsync(CancellationToken token) => _log.StartAsync(token);

    bool IPersistentState.IsVotedFor(in ClusterMemberId id) => _log.IsVotedFor(id);

    ValueTask<long> IPersistentState.IncrementTermAsync(ClusterMemberId member, CancellationToken token)
    {
        _log.Vote(_log.Term + 1, MemberBytes.Of(member));
        return new(_log.Term);
    }

    ValueTask IPersistentState.UpdateTermAsync(long term, bool resetLastVote, CancellationToken token)
    {
        if (resetLastVote)
        {
            _log.Vote(term, []);
        }
        else
        {
            _log.MoveTo(term);
        }

        return ValueTask.CompletedTask;
    }

    ValueTask IPersistentState.UpdateVotedForAsync(ClusterMemberId member, CancellationToken token)
    {
        _log.Vote(_log.Term, MemberBytes.Of(member));
        return ValueTask.CompletedTask;
    }

    ValueTask IAuditTrail.WaitForApplyAsync(CancellationToken token) => _log.WaitForApplyAsync(_log.AppliedIndex + 1, token);

    ValueTask IAuditTrail.WaitForApplyAsync(long index, CancellationToken token) => _log.WaitForApplyAsync(index, token);

    ValueTask<long> IAuditTrail.CommitAsync(long endIndex, CancellationToken token) => _log.CommitAsync(endIndex, token);

    async ValueTask<long> IAuditTrail<IRaftLogEntry>.AppendAsync<TEntry>(TEntry entry, CancellationToken token)
    {
        var noOp = typeof(TEntry) == typeof(EmptyLogEntry);
        var content = noOp ? default : await ContentOfAsync(entry, token).ConfigureAwait(false);
        return await _log.AppendAsLeaderAsync(entry.Term, KindOf(entry, content), content, (entry as IInputLogEntry)?.Context as Proposal, noOp, token).ConfigureAwait(false);
    }

    async ValueTask IAuditTrail<IRaftLogEntry>.AppendAsync<TEntry>(ILogEntryProducer<TEntry> entries, long startIndex, bool skipCommitted, CancellationToken token)
    {
        var items = new List<LogItem>((int)entries.RemainingCount);
        while (await entries.MoveNextAsync().ConfigureAwait(false))
        {
            // A copy: what was received is part of a larger message.
            var content = (await ContentOfAsync(entries.Current, token).ConfigureAwait(false)).ToArray();
            items.Add(new LogItem(startIndex + items.Count, entries.Current.Term, KindOf(entries.Current, content), content));
        }

        // Once begun it is finished: a follower that gave up halfway would only be asked again.
        await _log.AppendAsFollowerAsync(items, CancellationToken.None).ConfigureAwait(false);
    }

    ValueTask IAuditTrail<IRaftLogEntry>.AppendAsync<TEntry>(TEntry entry, long startIndex, CancellationToken token) =>
        entry is ReceivedSnapshot snapshot && snapshot.Index == startIndex
            ? _log.InstallAsync(snapshot, token)
            : throw new NotSupportedException("only a snapshot is put at an index");

    ValueTask<TResult> IAuditTrail<IRaftLogEntry>.ReadAsync<TResult>(
        ILogEntryConsumer<IRaftLogEntry, TResult> reader, long startIndex, long endIndex, CancellationToken token)
    {
        if (startIndex > endIndex)
        {
            return reader.ReadAsync<CoreEntry, CoreEntry[]>([], null, token);
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(endIndex, _log.LastIndex);
        if (reader.LogEntryMetadataOnly && startIndex == endIndex && !_log.IsCovered(startIndex))
        {
            return reader.ReadAsync<CoreEntry, CoreEntry[]>([new CoreEntry(_log.TermOf(startIndex), LogItemKind.Empty, default)], null, token);
        }

        var items = _log.IsCovered(startIndex) ? [] : _log.Read(startIndex, endIndex);
        if (items.Count > 0)
        {
            return reader.ReadAsync<CoreEntry, CoreEntry[]>([.. items.Select(item => new CoreEntry(item.Term, item.Kind, item.Content))], null, token);
        }

        var snapshot = _machine.Snapshot ?? throw new InvalidOperationException($"neither the log nor a snapshot holds entry {startIndex}");
        return reader.ReadAsync<CoreEntry, CoreEntry[]>([new CoreEntry(snapshot.Term, LogItemKind.Empty, default, isSnapshot: true)], snapshot.Index, token);
    }

    private static LogItemKind KindOf<TEntry>(TEntry entry, ReadOnlyMemory<byte> content) where TEntry : IRaftLogEntry =>
        entry.IsConfiguration ? LogItemKind.Members : content.IsEmpty ? LogItemKind.Empty : LogItemKind.Data;

    private static async ValueTask<ReadOnlyMemory<byte>> ContentOfAsync<TEntry>(TEntry entry, CancellationToken token) where TEntry : IRaftLogEntry =>
        entry.TryGetMemory(out var memory) ? memory : await entry.ToByteArrayAsync(token: token).ConfigureAwait(false);
}
