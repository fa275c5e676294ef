using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Swarm.Model;
using Swarm.Store.Consensus;

namespace Swarm.Store.Replication;

/// <summary>
/// The object store of one manager: reads its own replica, commits through whoever leads. Give its <see cref="HandleAsync"/> every message of the
/// other managers; it passes the consensus' own on. Safe from any thread.
/// </summary>
public sealed class ReplicatedStore : IObjectStore, IPeerHandler, IAsyncDisposable
{
    /// <summary>How long a call waits for a leader to appear; a failover takes less than a second.</summary>
    public static readonly TimeSpan LeaderPatience = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a read waits for a leader to appear. Longer than an election, shorter than a user's patience: with the quorum lost, this is how long
    /// every question takes to be answered that there is no leader.
    /// </summary>
    public static readonly TimeSpan ReadPatience = TimeSpan.FromSeconds(1.7);

    /// <summary>How long a follower waits for the leader's answer.</summary>
    public static readonly TimeSpan ForwardTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How long it then waits for its own replica to catch up with the answer.</summary>
    public static readonly TimeSpan ReplicaPatience = TimeSpan.FromSeconds(2);

    /// <summary>How long to wait before asking again, should no change of the leadership be seen.</summary>
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(50);

    private readonly StoreState _state;
    private readonly IPeerTransport _transport;
    private readonly IConsensus _consensus;
    private readonly TimeProvider _time;
    private readonly Batcher _batcher;
    private readonly Forwarder _forwarder;
    private readonly Lock _watchersLock = new();
    private readonly HashSet<Channel<Leadership>> _watchers = [];

    /// <param name="createConsensus">Creates what replicates the given state; the store owns it from then on.</param>
    public ReplicatedStore(string nodeId, Func<IReplicatedState, IConsensus> createConsensus, IPeerTransport transport, TimeProvider time)
    {
        _state = new StoreState(nodeId, time.GetUtcNow().Ticks);
        _transport = transport;
        _consensus = createConsensus(_state);
        _time = time;
        _batcher = new Batcher(_consensus, _state, time);
        _forwarder = new Forwarder(_consensus, transport, time);
        _consensus.LeadershipChanged += OnLeadershipChanged;
    }

    public StoreView View => _state.Tables.View;

    public Leadership Leadership => _consensus.Leadership;

    /// <summary>The members, and how to change them; on the leader.</summary>
    public IConsensus Consensus => _consensus;

    /// <summary>Recovers from disk and takes part in the cluster.</summary>
    public Task StartAsync(CancellationToken cancellation) => _consensus.StartAsync(cancellation);

    public async ValueTask<StoreView> ReadAsync(CancellationToken cancellation)
    {
        using var timer = new CancellationTokenSource(ReadPatience, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellation);
        while (true)
        {
            try
            {
                await _consensus.ReadBarrierAsync(linked.Token).ConfigureAwait(false);
                return View;
            }
            catch (NoLeaderException) when (!linked.IsCancellationRequested)
            {
                await PauseAsync(linked.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                throw new NoLeaderException();
            }
        }
    }

    public async Task<CommitResult> CommitAsync(StoreTransaction transaction, CancellationToken cancellation)
    {
        using var own = _state.Own.Begin();
        var owner = new TransactionOwner { NodeId = _consensus.NodeId, Number = own.Number };
        var changes = new LogTransaction { Changes = [.. transaction.Changes] };
        if (transaction.Count > StoreTransaction.MaxChanges || changes.Size() > Batcher.MaxBatchBytes)
        {
            return new CommitResult(CommitStatus.TooLarge, 0, null);
        }

        var started = _time.GetTimestamp();
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            var leadership = Leadership;
            var result = leadership.IsLeader ? await _batcher.CommitAsync(changes, owner, leadership.Term, cancellation).ConfigureAwait(false)
                : leadership.LeaderId is not null ? await _forwarder.CommitAsync(changes, owner, leadership.Term, cancellation).ConfigureAwait(false)
                : null;
            if (result is { Status: CommitStatus.Unknown })
            {
                result = await SettleAsync(changes, own, leadership, cancellation).ConfigureAwait(false);
            }

            if (result is { } known)
            {
                return known;
            }

            // Null says that nothing was appended, and only then is it tried again.
            if (_time.GetElapsedTime(started) >= LeaderPatience)
            {
                return new CommitResult(CommitStatus.NoLeader, 0, null);
            }

            await PauseAsync(cancellation).ConfigureAwait(false);
        }
    }

    public async Task<IReadOnlyList<ConsensusMember>> MembersAsync(CancellationToken cancellation)
    {
        if (Leadership is not { IsLeader: false, LeaderId: { } leader } || leader == _consensus.NodeId)
        {
            return _consensus.Members;
        }

        using var timer = new CancellationTokenSource(ReadPatience, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellation);
        try
        {
            var answer = await _transport.CallAsync(leader, new[] { MembersAnswer.Kind }, linked.Token).ConfigureAwait(false);
            return [.. Codec.Deserialize<MembersAnswer>(answer).Members.Select(member => member.ToMember())];
        }
        catch (Exception e) when (e is IOException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            // It is gone, or of a version that does not know the question.
            return _consensus.Members;
        }
    }

    public StoreWatch Watch() => _state.Tables.Watch();

    public async IAsyncEnumerable<Leadership> WatchLeadershipAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var changes = Channel.CreateBounded<Leadership>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        lock (_watchersLock)
        {
            _watchers.Add(changes);
            changes.Writer.TryWrite(Leadership);
        }

        try
        {
            await foreach (var leadership in changes.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
            {
                yield return leadership;
            }
        }
        finally
        {
            lock (_watchersLock)
            {
                _watchers.Remove(changes);
            }
        }
    }

    public async Task<ReadOnlyMemory<byte>> HandleAsync(string callerNodeId, ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        if (request.IsEmpty)
        {
            throw new InvalidDataException("an empty message of another manager");
        }

        if (request.Span[0] < IConsensus.FirstStoreKind)
        {
            return await _consensus.HandleAsync(callerNodeId, request, cancellation).ConfigureAwait(false);
        }

        if (request.Span[0] == MembersAnswer.Kind)
        {
            return Codec.Serialize(MembersAnswer.Of(_consensus.Members));
        }

        if (request.Span[0] != Forwarder.CommitKind)
        {
            throw new InvalidDataException($"managers of this version do not know the message {request.Span[0]}");
        }

        var forwarded = Codec.Deserialize<ForwardRequest>(request[1..]);
        var transactions = forwarded.Transactions();
        var leadership = Leadership;
        var results = leadership.IsLeader && (forwarded.Term == 0 || forwarded.Term == leadership.Term)
            ? await Task.WhenAll(transactions.Select((transaction, i) => _batcher.CommitAsync(transaction, forwarded.OwnerOf(i), leadership.Term, cancellation))).ConfigureAwait(false)
            : new CommitResult?[transactions.Length];
        if (forwarded.Term == 0 && results.Any(result => result is { IsCommitted: true }))
        {
            _consensus.AnnounceCommits();
        }

        return Codec.Serialize(ForwardAnswer.Of(results[0]) with { More = [.. results.Skip(1).Select(ForwardAnswer.Of)], Term = leadership.IsLeader ? leadership.Term : 0 });
    }

    public async ValueTask DisposeAsync()
    {
        _consensus.LeadershipChanged -= OnLeadershipChanged;
        await _consensus.DisposeAsync().ConfigureAwait(false);
        await _forwarder.DisposeAsync().ConfigureAwait(false);
        await _batcher.DisposeAsync().ConfigureAwait(false);
        lock (_watchersLock)
        {
            foreach (var watcher in _watchers)
            {
                watcher.Writer.TryComplete();
            }
        }
    }

    /// <summary>
    /// What became of a transaction for a leadership whose answer was lost. A leader of a later term has all of it that will ever commit, and once this
    /// replica has that, too, a transaction that was not seen here is none. Null: certainly not committed, nor will it be.
    /// </summary>
    private async Task<CommitResult?> SettleAsync(LogTransaction transaction, OwnTransactions.Pending own, Leadership leadership, CancellationToken cancellation)
    {
        using var timer = new CancellationTokenSource(LeaderPatience, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellation);
        while (true)
        {
            try
            {
                var later = await _consensus.ReadBarrierAsync(linked.Token).ConfigureAwait(false) > leadership.Term;
                if (own.Outcome.IsCompletedSuccessfully)
                {
                    return await own.Outcome.ConfigureAwait(false);
                }

                // A leader of an older version may have committed it without a word of whose it is.
                if (Settlement.Find(View, transaction) is { } found)
                {
                    return found;
                }

                if (later)
                {
                    return own.MayBeMissed || !(leadership.IsLeader || _forwarder.TellsOwners(leadership.Term)) ? new CommitResult(CommitStatus.Unknown, 0, null) : null;
                }
            }
            catch (Exception e) when (e is NoLeaderException or OperationCanceledException && !cancellation.IsCancellationRequested)
            {
                if (timer.IsCancellationRequested)
                {
                    return own.Outcome.IsCompletedSuccessfully ? await own.Outcome.ConfigureAwait(false) : new CommitResult(CommitStatus.Unknown, 0, null);
                }
            }

            // The leader is the same, or there is none yet.
            await PauseAsync(linked.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private async Task PauseAsync(CancellationToken cancellation) => await Task.Delay(RetryPause, _time, cancellation).ConfigureAwait(false);

    private void OnLeadershipChanged(Leadership leadership)
    {
        if (leadership.LeaderId is { } leader)
        {
            _forwarder.LedBy(leader);
        }

        lock (_watchersLock)
        {
            foreach (var watcher in _watchers)
            {
                watcher.Writer.TryWrite(leadership);
            }
        }
    }
}
