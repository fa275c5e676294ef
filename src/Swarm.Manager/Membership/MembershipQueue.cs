using System.Threading.Channels;
using Swarm.Rpc;

namespace Swarm.Manager.Membership;

/// <summary>
/// Runs changes of the consensus one after another: two that are each safe may lose the quorum together. A change goes on when the caller who
/// asked for it is gone.
/// </summary>
public sealed class MembershipQueue
{
    /// <summary>Changes that wait.</summary>
    public const int Capacity = 64;

    private readonly Channel<Func<CancellationToken, Task>> _changes =
        Channel.CreateBounded<Func<CancellationToken, Task>>(new BoundedChannelOptions(Capacity) { SingleReader = true });

    /// <summary>Runs the changes until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await foreach (var change in _changes.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
        {
            await change(cancellation).ConfigureAwait(false);
        }
    }

    /// <exception cref="RpcFault"><see cref="RpcStatus.Unavailable"/>: too many changes wait already.</exception>
    internal async Task<T> EnqueueAsync<T>(Func<CancellationToken, Task<T>> change, CancellationToken cancellation)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var accepted = _changes.Writer.TryWrite(async stopping =>
        {
            if (cancellation.IsCancellationRequested)
            {
                done.TrySetCanceled(cancellation);
                return;
            }

            try
            {
                done.TrySetResult(await change(stopping).ConfigureAwait(false));
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                done.TrySetCanceled(stopping);
            }
#pragma warning disable CA1031 // Whatever it is, it belongs to the one who asked, and must not end the queue.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                done.TrySetException(failure);
            }
        });
        if (!accepted)
        {
            throw new RpcFault(RpcStatus.Unavailable, $"{Capacity} changes of the managers wait already; try again");
        }

        return await done.Task.WaitAsync(cancellation).ConfigureAwait(false);
    }
}
