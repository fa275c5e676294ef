using System.Collections.Immutable;
using System.Threading.Channels;
using Swarm.Model;
using Swarm.Store.Consensus;

namespace Swarm.Store.Replication;

/// <summary>
/// The leader's group commit: while one batch is in flight the next gathers, and where there is a <see cref="Crowd"/> a little beyond that. One loop
/// proposes; a batch ends at <see cref="MaxBatchBytes"/> or <see cref="StoreTransaction.MaxChanges"/> changes.
/// </summary>
internal sealed class Batcher : IAsyncDisposable
{
    internal const int MaxBatchBytes = 3 << 19;

    /// <summary>Transactions that wait for their batch; further callers wait to get in.</summary>
    private const int MaxQueued = 4096;

    private readonly Channel<Queued> _queue = Queued.CreateQueue(MaxQueued);
    private readonly IConsensus _consensus;
    private readonly StoreState _state;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _lifetime = new();
    private readonly Crowd _crowd = new();
    private readonly Task _loop;

    internal Batcher(IConsensus consensus, StoreState state, TimeProvider time)
    {
        _consensus = consensus;
        _state = state;
        _time = time;
        _loop = Task.Run(ProposeAsync);
    }

    /// <summary>Null: this node does not lead in <paramref name="term"/> (any more), and nothing was appended.</summary>
    internal Task<CommitResult?> CommitAsync(LogTransaction transaction, TransactionOwner owner, long term, CancellationToken cancellation)
    {
        var result = Queued.RunAsync(_queue.Writer, transaction, owner, term, cancellation);
        _crowd.Came(_queue.Reader.Count);
        return result;
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        _crowd.End();
        await _lifetime.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        _lifetime.Dispose();
    }

    private async Task ProposeAsync()
    {
        while (await _queue.Reader.WaitToReadAsync(CancellationToken.None).ConfigureAwait(false))
        {
            // Behind what else is ready to run: on a busy machine some of it is about to add to the batch.
            await Task.Yield();
            await _crowd.GatherAsync(_queue.Reader, _time).ConfigureAwait(false);
            var batch = Queued.Gather(_queue.Reader);
            var begun = _time.GetTimestamp();
            var outcome = new ProposeResult(ProposeStatus.Unknown, 0);
            CommitResult[]? results = null;
            try
            {
                var entry = Codec.Serialize(new LogBatch
                {
                    Time = _time.GetUtcNow(),
                    Proposer = _consensus.NodeId,
                    Transactions = [.. batch.Select(queued => queued.Transaction)],
                    Owners = [.. batch.Select(queued => queued.Owner)],
                });
                outcome = await _consensus.ProposeAsync(entry, batch[0].Term, _lifetime.Token).ConfigureAwait(false);
                results = outcome.Status == ProposeStatus.Committed ? _state.TakeResults(outcome.Index) : null;
            }
            finally
            {
                _crowd.Saw(batch.Count + _queue.Reader.Count, _time.GetElapsedTime(begun));
                Answer(batch, outcome, results);
            }
        }
    }

    /// <summary>To all of them, whether or not they still wait.</summary>
    private static void Answer(List<Queued> batch, ProposeResult outcome, CommitResult[]? results)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            batch[i].Result.SetResult(outcome.Status switch
            {
                ProposeStatus.Committed when results is not null => results[i],
                ProposeStatus.NotLeader => null,
                ProposeStatus.TooLarge => new CommitResult(CommitStatus.TooLarge, 0, null),
                _ => new CommitResult(CommitStatus.Unknown, 0, null),
            });
        }
    }
}
