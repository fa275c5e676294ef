using System.Threading.Channels;
using MessagePack;
using Swarm.Model;
using Swarm.Store.Consensus;

namespace Swarm.Store.Replication;

/// <summary>
/// A follower's group commit: while <see cref="MaxCalls"/> calls to the leader are in flight the next transactions gather and travel together.
/// Few clients are never held up by it: with two calls at once, 16 clients on three busy managers got a third less through than with one call each.
/// </summary>
internal sealed class Forwarder : IAsyncDisposable
{
    internal const byte CommitKind = IConsensus.FirstStoreKind;

    private const int MaxCalls = 16;

    /// <summary>Transactions that wait for a call; further callers wait to get in.</summary>
    private const int MaxQueued = 4096;

    private readonly PendingForwards _pending = new();
    private readonly Channel<Queued> _queue = Queued.CreateQueue(MaxQueued);
    private readonly SemaphoreSlim _calls = new(MaxCalls, MaxCalls);
    private readonly CancellationTokenSource _lifetime = new();
    private readonly IConsensus _consensus;
    private readonly IPeerTransport _transport;
    private readonly TimeProvider _time;
    private readonly Task _loop;
    private volatile Versed _versed = new(0, false);
    private volatile Versed _versedBefore = new(0, false);

    internal Forwarder(IConsensus consensus, IPeerTransport transport, TimeProvider time)
    {
        _consensus = consensus;
        _transport = transport;
        _time = time;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>
    /// Lets the batches of the leader of <paramref name="term"/> take the transaction, and waits until this replica has applied it. Null: certainly not
    /// appended.
    /// </summary>
    internal Task<CommitResult?> CommitAsync(LogTransaction transaction, TransactionOwner owner, long term, CancellationToken cancellation) =>
        Queued.RunAsync(_queue.Writer, transaction, owner, term, cancellation);

    /// <summary>Whether the leader of that term writes the owners of transactions into the log: one of an older version does not.</summary>
    internal bool TellsOwners(long term) => _versed is { Tells: true } now && now.Term == term || _versedBefore is { Tells: true } before && before.Term == term;

    /// <summary>Another may lead now: what waits for the one before it waits no longer.</summary>
    internal void LedBy(string leader) => _pending.LedBy(leader);

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _lifetime.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        for (var i = 0; i < MaxCalls; i++)
        {
            await _calls.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        }

        _calls.Dispose();
        _lifetime.Dispose();
    }

    private async Task RunAsync()
    {
        while (await _queue.Reader.WaitToReadAsync(CancellationToken.None).ConfigureAwait(false))
        {
            // Behind what else is ready to run: on a busy machine some of it is about to add to the batch.
            await Task.Yield();
            await _calls.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            _ = SendAsync(Queued.Gather(_queue.Reader));
        }
    }

    /// <summary>Every caller of the batch is answered and the place is given back, whatever happens.</summary>
    private async Task SendAsync(List<Queued> batch)
    {
        try
        {
            var results = await CallAsync(batch).ConfigureAwait(false);
            for (var i = 0; i < batch.Count; i++)
            {
                batch[i].Result.TrySetResult(i < results.Count ? results[i] : null);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or MessagePackSerializationException)
        {
            // Sent, and not known to be refused.
            batch.ForEach(queued => queued.Result.TrySetResult(new CommitResult(CommitStatus.Unknown, 0, null)));
        }
        catch (Exception e)
        {
            batch.ForEach(queued => queued.Result.TrySetException(e));
        }
        finally
        {
            _calls.Release();
        }
    }

    private async Task<IReadOnlyList<CommitResult?>> CallAsync(List<Queued> batch)
    {
        var term = batch[0].Term;
        if (_consensus.Leadership is not { LeaderId: { } leader } leadership || leader == _consensus.NodeId || leadership.Term != term)
        {
            return [];
        }

        if (_versed.Term != term && !await MeetAsync(term).ConfigureAwait(false))
        {
            return [];
        }

        using var pending = _pending.Add(leader);
        if (_consensus.Leadership != leadership)
        {
            // It changed before that could be heard here.
            return [];
        }

        using var timer = new CancellationTokenSource(ReplicatedStore.ForwardTimeout, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, pending.Ended, _lifetime.Token);
        byte[] request = [CommitKind, .. Codec.Serialize(ForwardRequest.Of(batch, term))];
        ForwardAnswer first;
        try
        {
            first = Codec.Deserialize<ForwardAnswer>(await _transport.CallAsync(leader, request, linked.Token).ConfigureAwait(false));
        }
        catch (PeerUnreachableException)
        {
            return [];
        }

        List<CommitResult?> results = [first.Result, .. first.More.Select(answer => answer.Result)];
        if (results.Where(result => result is { IsCommitted: true }).Max(result => result?.Index) is { } newest)
        {
            _consensus.Learn(newest, term);
            await AwaitOwnReplicaAsync(newest).ConfigureAwait(false);
        }

        return results;
    }

    /// <summary>The first words with a leader: a leader that names its term knows the owners, too. False: it leads no more.</summary>
    private async Task<bool> MeetAsync(long term)
    {
        using var timer = new CancellationTokenSource(ReplicatedStore.ReadPatience, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, _lifetime.Token);
        var named = 0L;
        try
        {
            named = await _consensus.ReadBarrierAsync(linked.Token).ConfigureAwait(false);
        }
        catch (NoLeaderException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!_lifetime.IsCancellationRequested)
        {
            // A replica whose disk is full applies nothing, and its writes are passed on all the same.
        }
        catch (OperationCanceledException)
        {
            return false;
        }

        if (named != 0 && named != term)
        {
            return false;
        }

        // Of two who meet it at once each has the same answer.
        _versedBefore = _versed.Term == term ? _versedBefore : _versed;
        _versed = new Versed(term, named == term);
        return true;
    }

    /// <summary>A replica that does not follow (its disk is full) must not make a known outcome unknown.</summary>
    private async Task AwaitOwnReplicaAsync(long index)
    {
        using var timer = new CancellationTokenSource(ReplicatedStore.ReplicaPatience, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, _lifetime.Token);
        try
        {
            await _consensus.WaitForApplyAsync(index, linked.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (linked.IsCancellationRequested)
        {
            // Late or ending: what the caller asked for is done all the same.
        }
    }

    /// <param name="Tells">Of owners.</param>
    private sealed record Versed(long Term, bool Tells);
}
