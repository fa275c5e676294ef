using System.Threading.Channels;
using DotNext.IO.Log;
using DotNext.Net.Cluster;
using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;
using Microsoft.Extensions.Logging;

namespace Swarm.Store.Consensus.Raft;

/// <summary>
/// Raft by DotNext.Net.Cluster with the guards of design/store.md. Concurrency: the core and the log synchronise themselves; this class only
/// swaps <see cref="Leadership"/>, from one loop.
/// </summary>
public sealed partial class RaftConsensus : IConsensus
{
    /// <summary>Largest entry, bytes; with its framing it stays under gRPC's default of 4 MiB for a message.</summary>
    private const int LargestEntry = 2 << 20;

    private readonly RaftOptions _options;
    private readonly IPeerTransport _transport;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly RaftFiles _files;
    private readonly LogMachine _machine;
    private readonly GuardedLog _log;
    private readonly GuardedCluster _cluster;
    private readonly SnapshotDownload _download;
    private readonly SemaphoreSlim _snapshotGate = new(1, 1);
    private readonly SemaphoreSlim _membershipGate = new(1, 1);
    private readonly CancellationTokenSource _lifetime = new();
    private readonly Channel<MemberSet> _memberships = Channel.CreateBounded<MemberSet>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly Channel<bool> _roleChanges = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly Channel<bool> _announcements = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Leadership _leadership = Leadership.None;
    private CancellationTokenSource _tenure = new();
    private long _resigned = long.MinValue;
    private TaskCompletionSource _membersApplied = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _loops = Task.CompletedTask;

    /// <summary>Opens the data directory and restores the newest snapshot; <see cref="StartAsync"/> does the rest.</summary>
    /// <exception cref="UntrustedLogException">The files are damaged or have forgotten something.</exception>
    public RaftConsensus(RaftOptions options, IReplicatedState state, IPeerTransport transport, TimeProvider time, ILoggerFactory loggers)
    {
        _options = options;
        _transport = transport;
        _time = time;
        _logger = loggers.CreateLogger<RaftConsensus>();
        var matches = new MatchTable();
        _files = RaftFiles.Open(options);
        try
        {
            _machine = new LogMachine(state, _files.SnapshotDirectory, options.SnapshotEvery, _logger);
            _log = new GuardedLog(_files.LogOptions, _machine, options.NodeId, matches, _files.Record, Voters);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            _files.Dispose();
            throw new UntrustedLogException(options.Directory, e.Message, e);
        }

        var shared = new RaftPeer.Shared(options, transport, time, matches, () => _machine.SnapshotFile, IsLeader, VoteForSelf, new Ballot(() => _cluster!.Members.Count), Abstains);
        _cluster = new GuardedCluster(options, _log, _files.Members, nodeId => new RaftPeer(nodeId, shared), _logger);
        _download = new SnapshotDownload(_files.SnapshotDirectory);
    }

    public event Action<Leadership>? LeadershipChanged;

    /// <summary>
    /// Completes once this node's log can no longer be written or its state no longer applied (a full or failing disk). The others go on without
    /// it; the process should say so and end.
    /// </summary>
    public Task<Exception> Failed => _failed.Task;

    public string NodeId => _options.NodeId;

    public Leadership Leadership => _leadership;

    public int MaxEntrySize => LargestEntry;

    public IReadOnlyList<ConsensusMember> Members =>
        [.. _cluster.Members.Select(peer => new ConsensusMember(peer.NodeId, true, _leadership.IsLeader ? peer.Status == ClusterMemberStatus.Available : null))];

    public async Task StartAsync(CancellationToken cancellation)
    {
        if (_options.Bootstrap == RaftBootstrap.Found && _files.IsNew)
        {
            _files.Members.Found(NodeId);
        }

        _files.Verify(_log, NodeId);
        if (_options.Bootstrap == RaftBootstrap.Recover)
        {
            Recover();
        }

        await _cluster.ApplyMembersAsync(_files.Members.Members, cancellation).ConfigureAwait(false);
        _files.Members.ConfigurationChanged += (members, token) => _memberships.Writer.WriteAsync((MemberSet)members, token);
        _cluster.LeaderChanged += (_, _) => _roleChanges.Writer.TryWrite(true);
        var alone = _files.Members.Members.NodeIds is [var only] && only == NodeId;
        try
        {
            if (alone)
            {
                // DotNext lets a single member lead again in its old term without an election; another may have led in that term before.
                await ((IPersistentState)_log).IncrementTermAsync(NodeEndPoint.MemberIdOf(NodeId), cancellation).ConfigureAwait(false);
                VoteForSelf(_log.Term);
            }

            await _cluster.StartAsync(cancellation).ConfigureAwait(false);
            if (alone)
            {
                await ((IAuditTrail<IRaftLogEntry>)_log).AppendAsync(new EmptyLogEntry { Term = _log.Term }, cancellation).ConfigureAwait(false);
            }
        }
        catch (IntegrityException e)
        {
            throw new UntrustedLogException(_options.Directory, e.Message, e);
        }

        _loops = Task.WhenAll(RunAsync(ApplyMembershipsAsync), RunAsync(TrackLeadershipAsync), RunAsync(AnnounceAsync));
        _cluster.Follow();
        _roleChanges.Writer.TryWrite(true);
        LogStarted(NodeId, _log.Term, _log.LastCommittedEntryIndex, _cluster.Members.Count);
    }

    public async Task<ProposeResult> ProposeAsync(ReadOnlyMemory<byte> entry, CancellationToken cancellation)
    {
        if (entry.Length > MaxEntrySize)
        {
            return new ProposeResult(ProposeStatus.TooLarge, 0);
        }

        if (!_leadership.IsLeader)
        {
            return new ProposeResult(ProposeStatus.NotLeader, 0);
        }

        var proposal = new Proposal(_leadership.Term);
        try
        {
            var appended = new BinaryLogEntry { Content = entry, Term = proposal.Term, Context = proposal };
            await _cluster.ReplicateAsync(appended, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is NotLeaderException or OperationCanceledException or ObjectDisposedException or IntegrityException)
        {
            ReportFailure(e);
            LogProposalInterrupted(proposal.Index, proposal.Term);
        }

        return proposal.Applied ? new ProposeResult(ProposeStatus.Committed, proposal.Index)
            : proposal.Index == 0 ? new ProposeResult(ProposeStatus.NotLeader, 0)
            : await SettleAsync(proposal).ConfigureAwait(false);
    }

    public void AnnounceCommits() => _announcements.Writer.TryWrite(true);

    public ValueTask WaitForApplyAsync(long index, CancellationToken cancellation) => _log.WaitForApplyAsync(index, cancellation);

    public async ValueTask ReadBarrierAsync(CancellationToken cancellation)
    {
        // Taken first: one that is cancelled too early is only asked again.
        var tenure = Volatile.Read(ref _tenure).Token;
        var leadership = _leadership;
        if (leadership.IsLeader)
        {
            await LeadBarrierAsync(cancellation).ConfigureAwait(false);
            return;
        }

        if (leadership.LeaderId is not { } leader || leader == NodeId)
        {
            throw new NoLeaderException();
        }

        using var linked = CancellationTokenSource.CreateLinkedTokenSource(tenure, cancellation);
        try
        {
            var answer = await _transport.CallAsync(leader, new WireWriter().Byte((byte)RaftKind.ReadIndex).Written, linked.Token).ConfigureAwait(false);
            if (ReadIndex(answer) is not { } index)
            {
                throw new NoLeaderException();
            }

            await _log.WaitForApplyAsync(index, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            // Also where a leader that is gone was still being waited for when the next one was elected.
            throw new NoLeaderException();
        }
    }

    public async Task<bool> AddMemberAsync(string nodeId, CancellationToken cancellation)
    {
        await _membershipGate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return await _cluster.AddAsync(nodeId, cancellation).ConfigureAwait(false)
                && await AppliedAsync(members => members.Contains(nodeId), cancellation).ConfigureAwait(false);
        }
        catch (NotLeaderException)
        {
            throw new NotLeadingException();
        }
        finally
        {
            _membershipGate.Release();
        }
    }

    public async Task<bool> RemoveMemberAsync(string nodeId, CancellationToken cancellation)
    {
        await _membershipGate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (nodeId == NodeId)
            {
                throw new InvalidOperationException("the leader cannot remove itself: transfer the leadership first");
            }

            return await _cluster.RemoveAsync(nodeId, cancellation).ConfigureAwait(false)
                && await AppliedAsync(members => !members.Contains(nodeId), cancellation).ConfigureAwait(false);
        }
        catch (NotLeaderException)
        {
            throw new NotLeadingException();
        }
        finally
        {
            _membershipGate.Release();
        }
    }

    public async Task TransferLeadershipAsync(CancellationToken cancellation) => await ResignAsync(cancellation).ConfigureAwait(false);

    public async ValueTask DisposeAsync()
    {
        await _lifetime.CancelAsync().ConfigureAwait(false);
        await _loops.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _cluster.DisposeAsync().ConfigureAwait(false);
        await _log.DisposeAsync().ConfigureAwait(false);
        await _machine.DisposeAsync().ConfigureAwait(false);
        _download.Dispose();
        _files.Dispose();
        _snapshotGate.Dispose();
        _membershipGate.Dispose();
        _lifetime.Dispose();
    }

    /// <summary>
    /// One durable write makes this node the only member, as of the end of its log, so that no membership in the log comes after it; what follows is the
    /// start of any lone member: a new term, and a majority of one commits the rest. A crash before the write changed nothing, one after it changed all.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no log to go on from.</exception>
    private void Recover()
    {
        if (_files.IsNew || (_log.LastEntryIndex == 0 && _files.Members.Members.NodeIds.Count == 0))
        {
            throw new InvalidOperationException($"there is no manager's log in {_options.Directory} to recover the swarm from");
        }

        _files.Members.Recover(NodeId, _log.LastEntryIndex);
        LogRecovered(NodeId, _log.LastEntryIndex);
    }

    private static long? ReadIndex(ReadOnlyMemory<byte> answer)
    {
        var reader = new WireReader(answer);
        return reader.Byte() == 0 ? null : reader.Number();
    }

    private List<string> Voters() => [.. _cluster.Members.Select(peer => peer.NodeId)];

    private bool IsLeader(RaftPeer peer) => ReferenceEquals(_cluster.Leader, peer);

    /// <summary>
    /// DotNext neither names a successor nor draws a new election timeout, so without the abstention a leader whose timeout lies between those of
    /// two others wins its own succession every time.
    /// </summary>
    private async Task<bool> ResignAsync(CancellationToken cancellation)
    {
        if (_log.Leadership is not null && _cluster.Members.Count > 1)
        {
            Volatile.Write(ref _resigned, _time.GetTimestamp());
        }

        return await _cluster.StepDownAsync(cancellation).ConfigureAwait(false);
    }

    private bool Abstains() => Volatile.Read(ref _resigned) is var resigned and not long.MinValue && _time.GetElapsedTime(resigned) < _options.Abstention;

    private void VoteForSelf(long term) => _files.Record.Vote(term, MemberBytes.Of(NodeId));

    /// <summary>What became of an entry whose leadership was lost: whoever is applied at its index tells.</summary>
    private async Task<ProposeResult> SettleAsync(Proposal proposal)
    {
        using var timer = new CancellationTokenSource(_options.SettleTimeout, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, _lifetime.Token);
        try
        {
            await _log.WaitForApplyAsync(proposal.Index, linked.Token).ConfigureAwait(false);
            if (proposal.Applied)
            {
                return new ProposeResult(ProposeStatus.Committed, proposal.Index);
            }

            var underSnapshot = proposal.Index <= (_machine.SnapshotFile?.Index ?? 0);
            if (!underSnapshot && await _log.TermOfAsync(proposal.Index, linked.Token).ConfigureAwait(false) != proposal.Term)
            {
                return new ProposeResult(ProposeStatus.NotLeader, 0);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or IntegrityException)
        {
            LogProposalUnknown(proposal.Index, proposal.Term);
        }

        return new ProposeResult(ProposeStatus.Unknown, proposal.Index);
    }

    /// <summary>A majority confirms that this node still leads, and everything committed until then is applied here.</summary>
    private async ValueTask LeadBarrierAsync(CancellationToken cancellation)
    {
        try
        {
            await _cluster.ApplyReadBarrierAsync(ReadBarrierType.Strong, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is QuorumUnreachableException or NotLeaderException or NotSupportedException or ObjectDisposedException)
        {
            throw new NoLeaderException();
        }
    }

    /// <summary>Waits until the running membership is what was just committed; the core applies it from a queue.</summary>
    private async Task<bool> AppliedAsync(Func<IReadOnlyCollection<string>, bool> condition, CancellationToken cancellation)
    {
        while (true)
        {
            var applied = Volatile.Read(ref _membersApplied);
            if (condition(Voters()))
            {
                return true;
            }

            await applied.Task.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    private async Task RunAsync(Func<CancellationToken, Task> loop)
    {
        try
        {
            await loop(_lifetime.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (!_lifetime.IsCancellationRequested)
        {
            LogLoopFailed(e);
            _failed.TrySetResult(e);
        }
    }

    private void ReportFailure(Exception e)
    {
        if (e is IntegrityException)
        {
            LogLoopFailed(e);
            _failed.TrySetResult(e);
        }
    }

    private async Task ApplyMembershipsAsync(CancellationToken cancellation)
    {
        await foreach (var members in _memberships.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
        {
            await _cluster.ApplyMembersAsync(members, cancellation).ConfigureAwait(false);
            LogMembers(string.Join(", ", members.NodeIds));
            Interlocked.Exchange(ref _membersApplied, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
            _roleChanges.Writer.TryWrite(true);
        }
    }

    private async Task AnnounceAsync(CancellationToken cancellation)
    {
        await foreach (var _ in _announcements.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
        {
            try
            {
                await _cluster.ForceReplicationAsync(cancellation).ConfigureAwait(false);
            }
            catch (NotLeaderException)
            {
                // The next leader announces it with its no-op.
            }
        }
    }

    private async Task TrackLeadershipAsync(CancellationToken cancellation)
    {
        while (await _roleChanges.Reader.WaitToReadAsync(cancellation).ConfigureAwait(false))
        {
            _roleChanges.Reader.TryRead(out _);
            if (_cluster.Leader?.NodeId == NodeId && _log.Leadership is { } own)
            {
                Publish(new Leadership(NodeId, own.Term, false));
                if (await ReadyAsync(own, cancellation).ConfigureAwait(false) is { IsCancellationRequested: false } leading)
                {
                    await LeadAsync(own, leading, cancellation).ConfigureAwait(false);
                }
            }

            var leader = _cluster.Leader?.NodeId;
            Publish(new Leadership(leader == NodeId ? null : leader, _log.Term, false));
        }
    }

    /// <summary>
    /// Waits until the no-op of this leadership is applied, and with it everything of earlier terms. Answers the token of the leadership, cancelled
    /// if it ended before.
    /// </summary>
    private async Task<CancellationToken> ReadyAsync(GuardedLog.OwnLeadership own, CancellationToken cancellation)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var applied = _log.WaitForApplyAsync(own.FirstIndex, linked.Token).AsTask();
        var changed = _roleChanges.Reader.WaitToReadAsync(linked.Token).AsTask();
        await Task.WhenAny(applied, changed).ConfigureAwait(false);
        await linked.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(applied, changed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return applied.IsCompletedSuccessfully ? _cluster.LeadershipToken : new CancellationToken(canceled: true);
    }

    private async Task LeadAsync(GuardedLog.OwnLeadership own, CancellationToken leading, CancellationToken cancellation)
    {
        Publish(new Leadership(NodeId, own.Term, true));
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var end = leading.UnsafeRegister(static source => ((TaskCompletionSource)source!).TrySetResult(), ended).ConfigureAwait(false);
        await ended.Task.WaitAsync(cancellation).ConfigureAwait(false);
        LogLeadershipLost(own.Term);
    }

    private void Publish(Leadership leadership)
    {
        if (_leadership != leadership)
        {
            _leadership = leadership;
            LogLeadership(leadership.LeaderId ?? "nobody", leadership.Term, leadership.IsLeader);
            LeadershipChanged?.Invoke(leadership);
            // Never disposed: it has no timer, and a read may be about to link to it. Those who waited go on elsewhere, not on this loop.
            _ = Interlocked.Exchange(ref _tenure, new CancellationTokenSource()).CancelAsync();
        }
    }
}
