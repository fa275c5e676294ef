using System.Threading.Channels;
using Swarm.Model;

namespace Swarm.Store.Replication;

/// <summary>A transaction that waits for its batch, and its caller.</summary>
/// <param name="Term">The leadership that it is for: in another it is not appended.</param>
internal sealed record Queued(LogTransaction Transaction, TransactionOwner Owner, long Size, long Term)
{
    /// <summary>Null: certainly not appended.</summary>
    internal TaskCompletionSource<CommitResult?> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal static Channel<Queued> CreateQueue(int capacity) => Channel.CreateBounded<Queued>(new BoundedChannelOptions(capacity) { SingleReader = true });

    /// <summary>Queues the transaction and waits for its outcome. Null: certainly not appended.</summary>
    internal static async Task<CommitResult?> RunAsync(
        ChannelWriter<Queued> queue, LogTransaction transaction, TransactionOwner owner, long term, CancellationToken cancellation)
    {
        var queued = new Queued(transaction, owner, transaction.Size(), term);
        try
        {
            await queue.WriteAsync(queued, cancellation).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            return null;
        }

        // Once queued it may be appended: the caller may stop waiting, but cannot take it back.
        return await queued.Result.Task.WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>What waits, is for one leadership and goes into one entry of the log: at least one, if there is one.</summary>
    internal static List<Queued> Gather(ChannelReader<Queued> queue)
    {
        var batch = new List<Queued>();
        long bytes = 0;
        var changes = 0;
        while (queue.TryPeek(out var next)
            && (batch.Count == 0 || (next.Term == batch[0].Term && bytes + next.Size <= Batcher.MaxBatchBytes && changes + next.Transaction.Changes.Length <= StoreTransaction.MaxChanges)))
        {
            queue.TryRead(out _);
            batch.Add(next);
            bytes += next.Size;
            changes += next.Transaction.Changes.Length;
        }

        return batch;
    }
}
