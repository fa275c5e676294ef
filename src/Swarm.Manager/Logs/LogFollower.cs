using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Swarm.Model;
using Swarm.Rpc.Work;
using Swarm.Store;

namespace Swarm.Manager.Logs;

/// <summary>Brings together what pumps deliver after their past, and starts one for each task that joins.</summary>
internal sealed class LogFollower(LogSelection selection, IObjectStore store, StoreWatch watch, Func<SwarmTask, LogPump> start)
{
    /// <summary>Batches of all tasks together that wait for the reader.</summary>
    private const int MaxWaiting = 4;

    private readonly Channel<(LogPump Pump, LogBatch Batch)> _batches = Channel.CreateBounded<(LogPump, LogBatch)>(MaxWaiting);
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly List<Task> _forwards = [];

    /// <summary>Until the selection is over and everything has been delivered, or cancelled.</summary>
    internal async IAsyncEnumerable<(LogPump Pump, LogBatch Batch)> ReadAsync(IEnumerable<LogPump> present, [EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var pump in present)
        {
            Forward(pump, cancellation);
        }

        var watching = WatchAsync(cancellation);
        await foreach (var one in _batches.Reader.ReadAllAsync(cancellation))
        {
            yield return one;
        }

        await watching;
    }

    private async Task WatchAsync(CancellationToken cancellation)
    {
        try
        {
            Consider(selection.All(watch.Start), cancellation);
            var view = watch.Start;
            var current = watch;
            while (!selection.IsOver(view))
            {
                try
                {
                    if (!await current.Commits.WaitToReadAsync(cancellation))
                    {
                        break;
                    }

                    while (current.Commits.TryRead(out var commit))
                    {
                        view = commit.View;
                        Consider(commit.Changes.Select(change => change.New).OfType<SwarmTask>().Where(selection.Has), cancellation);
                    }
                }
                catch (WatchLaggedException)
                {
                    // The first watch is its owner's to dispose.
                    (current == watch ? null : current)?.Dispose();
                    current = store.Watch();
                    view = current.Start;
                    Consider(selection.All(view), cancellation);
                }
            }

            (current == watch ? null : current)?.Dispose();
            await Task.WhenAll(_forwards);
            _batches.Writer.TryComplete();
        }
        catch (Exception failure)
        {
            _batches.Writer.TryComplete(failure);
        }
    }

    private void Consider(IEnumerable<SwarmTask> tasks, CancellationToken cancellation)
    {
        foreach (var task in tasks.Where(task => LogSelection.HasLog(task) && !_known.Contains(task.Id)))
        {
            Forward(start(task), cancellation);
        }
    }

    private void Forward(LogPump pump, CancellationToken cancellation)
    {
        _known.Add(pump.Task.Id);
        _forwards.Add(ForwardAsync(pump, cancellation));
    }

    private async Task ForwardAsync(LogPump pump, CancellationToken cancellation)
    {
        await Task.Yield();
        await foreach (var batch in pump.Later.ReadAllAsync(cancellation))
        {
            await _batches.Writer.WriteAsync((pump, batch), cancellation);
        }
    }
}
