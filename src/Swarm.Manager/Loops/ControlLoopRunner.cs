using Microsoft.Extensions.Logging;
using Swarm.Store;

namespace Swarm.Manager.Loops;

/// <summary>Drives one <see cref="ControlLoop"/> for as long as this node leads.</summary>
internal sealed partial class ControlLoopRunner(IObjectStore store, TimeProvider time, ILogger logger)
{
    /// <summary>Refused commits in a row after which the loop pauses before it decides again.</summary>
    private const int MaxImmediateRetries = 16;

    /// <summary>The pause, and the wait while no leader is known.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest timer; a later deadline is looked at again then.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromHours(1);

    internal async Task RunAsync(ControlLoop loop, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                using var watch = store.Watch();
                await FollowAsync(loop, watch, cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (WatchLaggedException)
            {
                LogLagged(loop.Name);
            }
            catch (Exception error)
            {
                // A loop that dies silently would freeze its part of the cluster: it starts over from a new view.
                LogFailed(loop.Name, error);
                await Delay(Pause, cancellation);
            }
        }
    }

    private async Task FollowAsync(ControlLoop loop, StoreWatch watch, CancellationToken cancellation)
    {
        var view = watch.Start;
        var start = time.GetTimestamp();
        loop.Reset(view, TimeSpan.Zero);
        var limit = StoreTransaction.MaxChanges;
        var refusals = 0;
        Task<bool>? arrival = null;
        Task? signal = null;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            while (watch.Commits.TryRead(out var commit))
            {
                loop.Observe(commit);
                view = commit.View;
            }

            if (loop.Signal?.Take() == true)
            {
                loop.Signalled(view);
            }

            var batch = new ChangeBatch(limit);
            loop.Decide(view, batch, time.GetUtcNow(), time.GetElapsedTime(start));
            if (!batch.IsEmpty)
            {
                var result = await store.CommitAsync(batch.Transaction, cancellation);
                if (result.IsCommitted)
                {
                    refusals = 0;
                    limit = Math.Min(StoreTransaction.MaxChanges, limit * 2);
                    continue;
                }

                loop.Refused();
                refusals++;
                LogRefused(loop.Name, result.Status, result.ObjectId);
                if (result.Status == CommitStatus.TooLarge)
                {
                    limit = Math.Max(1, Math.Min(limit, batch.Transaction.Count) / 2);
                }

                if (result.Status is CommitStatus.NoLeader or CommitStatus.Unknown || refusals > MaxImmediateRetries)
                {
                    await Delay(Pause, cancellation);
                }

                continue;
            }

            arrival ??= ReadableAsync(watch, cancellation);
            signal = signal is { IsCompleted: false } ? signal : loop.Signal?.WaitAsync(cancellation);
            await UntilAsync(signal is null ? arrival : Task.WhenAny(arrival, signal), loop.NextDeadline - time.GetElapsedTime(start));
            if (arrival.IsCompleted)
            {
                if (!await arrival)
                {
                    return;
                }

                arrival = null;
            }
        }
    }

    /// <summary>The arrival is itself cancelled with the loop. A timer of our own: a cancelled Task.Delay leaves the caller's scheduler.</summary>
    private async Task UntilAsync(Task arrival, TimeSpan? wait)
    {
        if (wait is null)
        {
            await Task.WhenAny(arrival);
        }
        else if (wait > TimeSpan.Zero)
        {
            var due = new TaskCompletionSource();
            using var timer = time.CreateTimer(_ => due.TrySetResult(), null, wait.Value < MaxWait ? wait.Value : MaxWait, Timeout.InfiniteTimeSpan);
            await Task.WhenAny(arrival, due.Task);
        }
    }

    /// <summary>Not AsTask: that would leave the caller's scheduler, which the simulator needs.</summary>
    private static async Task<bool> ReadableAsync(StoreWatch watch, CancellationToken cancellation) => await watch.Commits.WaitToReadAsync(cancellation);

    private Task Delay(TimeSpan wait, CancellationToken cancellation) => Task.Delay(wait, time, cancellation);
}
