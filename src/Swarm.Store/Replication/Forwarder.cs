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

    internal Forwarder(IConsensus consensus, IPeerTransport transport, TimeProvider time)
    {
        _consensus = consensus;
        _transport = transport;
        _time = time;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Lets the leader's batches take the transaction, and waits until this replica has applied it. Null: certainly not appended.</summary>
    internal Task<CommitResult?> CommitAsync(LogTransaction transaction, CancellationToken cancellation) =>
        Queued.RunAsync(_queue.Writer, transaction, cancellation);

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
        if (_consensus.Leadership.LeaderId is not { } leader || leader == _consensus.NodeId)
        {
            return [];
        }

        using var pending = _pending.Add(leader);
        if (_consensus.Leadership.LeaderId != leader)
        {
            // It changed before that could be heard here.
            return [];
        }

        using var timer = new CancellationTokenSource(ReplicatedStore.ForwardTimeout, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, pending.Ended, _lifetime.Token);
        byte[] request = [CommitKind, .. Codec.Serialize(ForwardRequest.Of(batch.ConvertAll(queued => queued.Transaction)))];
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
            await AwaitOwnReplicaAsync(newest).ConfigureAwait(false);
        }

        return results;
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
}
