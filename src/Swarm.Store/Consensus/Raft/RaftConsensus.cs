using System.Threading.Channels;
using DotNext.Net.Cluster;
using DotNext.Net.Cluster.Consensus.Raft;
using Microsoft.Extensions.Logging;
using Swarm.Store.Consensus.Raft.Disk;

namespace Swarm.Store.Consensus.Raft;

/// <summary>
/// Raft by DotNext.Net.Cluster with the guards of design/store.md, over a log of our own. Concurrency: the core, the log and the parts synchronise
/// themselves; this class holds no state of its own but what says that memberships were applied.
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
    private readonly DiskHealth _health;
    private readonly LogMachine _machine;
    private readonly RaftLog _log;
    private readonly GuardedCluster _cluster;
    private readonly LeadershipTracker _tracker;
    private readonly SnapshotDownload _download;
    private readonly SemaphoreSlim _snapshotGate = new(1, 1);
    private readonly SemaphoreSlim _membershipGate = new(1, 1);
    private readonly CancellationTokenSource _lifetime = new();
    private readonly Channel<MemberSet> _memberships = Channel.CreateBounded<MemberSet>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly Channel<bool> _announcements = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _resigned = long.MinValue;
    private TaskCompletionSource _membersApplied = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _loops = Task.CompletedTask;

    /// <summary>Opens the data directory, proves the log and restores the newest snapshot; <see cref="StartAsync"/> does the rest.</summary>
    /// <exception cref="UntrustedLogException">The files are damaged, have forgotten something, or none of the keys opens them.</exception>
    /// <exception cref="ArgumentException">There is no data key.</exception>
    public RaftConsensus(RaftOptions options, IReplicatedState state, IPeerTransport transport, TimeProvider time, ILoggerFactory loggers)
        : this(options, state, transport, time, loggers, LinuxDisk.Instance)
    {
    }

    internal RaftConsensus(RaftOptions options, IReplicatedState state, IPeerTransport transport, TimeProvider time, ILoggerFactory loggers, IRaftDisk disk)
    {
        _options = options;
        _transport = transport;
        _time = time;
        _logger = loggers.CreateLogger<RaftConsensus>();
        _health = new DiskHealth(time, _logger);
        var matches = new MatchTable();
        _files = RaftFiles.Open(options, disk);
        try
        {
            _files.VerifyMembers();
            _machine = new LogMachine(state, disk, _files.Keys, _files.SnapshotDirectory, options.SnapshotEvery, _logger);
            _log = new RaftLog(_files, _machine, options.NodeId, matches, Voters, _health);
        }
        catch (Exception e)
        {
            _files.Dispose();
            if (e is InvalidDataException or EndOfStreamException)
            {
                throw new UntrustedLogException(options.Directory, e.Message, e);
            }

            throw;
        }

        var shared = new RaftPeer.Shared(options, transport, time, matches, _machine.Open, IsLeader, new Ballot(() => _cluster!.Members.Count), Abstains);
        _cluster = new GuardedCluster(options, CoreLog.Create(_log, _machine), _files.Members, nodeId => new RaftPeer(nodeId, shared), _logger);
        _tracker = new LeadershipTracker(options.NodeId, _cluster, _log, _logger);
        _tracker.Changed += leadership => LeadershipChanged?.Invoke(leadership);
        _download = new SnapshotDownload(disk, _files.Keys, _files.SnapshotDirectory);
    }

    public event Action<Leadership>? LeadershipChanged;

    /// <summary>
    /// Completes once it is not known any more what this node's disk holds (a failed sync), or its state can no longer be applied. The others go on
    /// without it; the process should say so and end, and its restart reads the disk anew.
    /// </summary>
    public Task<Exception> Failed => _failed.Task;

    /// <summary>Since when and why the log cannot be written (a full disk); the node leads nobody meanwhile. Null while it can.</summary>
    public DiskFailure? DiskFailure => _health.Failure;

    public string NodeId => _options.NodeId;

    internal long LastIndex => _log.LastIndex;

    public Leadership Leadership => _tracker.Current;

    public int MaxEntrySize => LargestEntry;

    public IReadOnlyList<ConsensusMember> Members =>
        [.. _cluster.Members.Select(peer => new ConsensusMember(peer.NodeId, true, _tracker.Current.IsLeader ? peer.IsReachable : null))];

    public async Task StartAsync(CancellationToken cancellation)
    {
        if (_options.Bootstrap == RaftBootstrap.Found && _files.IsNew)
        {
            _files.Members.Found(NodeId);
        }

        if (_options.Bootstrap == RaftBootstrap.Recover)
        {
            Recover();
        }

        await _cluster.ApplyMembersAsync(_files.Members.Members, cancellation).ConfigureAwait(false);
        _files.Members.ConfigurationChanged += (members, token) => _memberships.Writer.WriteAsync((MemberSet)members, token);
        _cluster.LeaderChanged += (_, _) => _tracker.Look();
        var alone = _files.Members.Members.NodeIds is [var only] && only == NodeId;
        if (alone)
        {
            // DotNext lets a single member lead again in its old term without an election; another may have led in that term before.
            _log.Vote(_log.Term + 1, MemberBytes.Of(NodeId));
        }

        await _cluster.StartAsync(cancellation).ConfigureAwait(false);
        _loops = Task.WhenAll(
            RunAsync(ApplyMembershipsAsync), RunAsync(_tracker.RunAsync), RunAsync(AnnounceAsync), RunAsync(MindDiskAsync), ReportBrokenDiskAsync(),
            alone ? RunAsync(BeginAloneAsync) : Task.CompletedTask);
        _cluster.Follow();
        _tracker.Look();
        LogStarted(NodeId, _log.Term, _log.CommittedIndex, _cluster.Members.Count);
    }

    public async Task<ProposeResult> ProposeAsync(ReadOnlyMemory<byte> entry, long term, CancellationToken cancellation)
    {
        if (entry.Length > MaxEntrySize)
        {
            return new ProposeResult(ProposeStatus.TooLarge, 0);
        }

        if (_tracker.Current is not { IsLeader: true } leadership || leadership.Term != term)
        {
            return new ProposeResult(ProposeStatus.NotLeader, 0);
        }

        // Under this term the log takes it only while this leadership lasts (H4).
        var proposal = new Proposal(term);
        try
        {
            var appended = new BinaryLogEntry { Content = entry, Term = proposal.Term, Context = proposal };
            await _cluster.ReplicateAsync(appended, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is NotLeaderException or OperationCanceledException or ObjectDisposedException or IOException)
        {
            // An IOException: the disk is full and nothing was appended, or broken and nobody knows.
            LogProposalInterrupted(proposal.Index, proposal.Term);
        }

        return proposal.Applied ? new ProposeResult(ProposeStatus.Committed, proposal.Index)
            : proposal.Index == 0 ? new ProposeResult(ProposeStatus.NotLeader, 0)
            : await SettleAsync(proposal).ConfigureAwait(false);
    }

    public void AnnounceCommits() => _announcements.Writer.TryWrite(true);

    public void Learn(long index, long term) => _log.Learn(index, term);

    public ValueTask WaitForApplyAsync(long index, CancellationToken cancellation) => _log.WaitForApplyAsync(index, cancellation);

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
        if (_files.IsNew || (_log.LastIndex == 0 && _files.Members.Members.NodeIds.Count == 0))
        {
            throw new InvalidOperationException($"there is no manager's log in {_options.Directory} to recover the swarm from");
        }

        _files.Members.Recover(NodeId, _log.LastIndex);
        LogRecovered(NodeId, _log.LastIndex);
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

    /// <summary>Also while its disk is full: it could not even write what begins a leadership.</summary>
    private bool Abstains() => _health.Failure is not null
        || (Volatile.Read(ref _resigned) is var resigned and not long.MinValue && _time.GetElapsedTime(resigned) < _options.Abstention);

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

            if (!_log.IsCovered(proposal.Index) && _log.TermOf(proposal.Index) != proposal.Term)
            {
                return new ProposeResult(ProposeStatus.NotLeader, 0);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or IOException or ArgumentOutOfRangeException)
        {
            LogProposalUnknown(proposal.Index, proposal.Term);
        }

        return new ProposeResult(ProposeStatus.Unknown, proposal.Index);
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

    private async Task ApplyMembershipsAsync(CancellationToken cancellation)
    {
        await foreach (var members in _memberships.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
        {
            await _cluster.ApplyMembersAsync(members, cancellation).ConfigureAwait(false);
            LogMembers(string.Join(", ", members.NodeIds));
            Interlocked.Exchange(ref _membersApplied, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
            _tracker.Look();
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
}
