using System.Threading.Channels;

namespace Swarm.Store.Replication;

/// <summary>
/// How many callers commit beside each other: where they are some, a batch waits a moment for half of them, as an entry of the log costs a round between the
/// managers however little is in it (decision 53). Who comes alone waits for nobody. Driven by one loop, but for <see cref="Came"/> and <see cref="End"/>.
/// </summary>
internal sealed class Crowd
{
    /// <summary>A batch waits no longer than the last round took, within these bounds.</summary>
    internal static readonly TimeSpan ShortestPatience = TimeSpan.FromMilliseconds(1), LongestPatience = TimeSpan.FromMilliseconds(5);

    private int _size;
    private TimeSpan _patience = ShortestPatience;
    private volatile Waiting? _waiting;
    private volatile bool _ended;

    /// <summary>A round is over: so many had waited for its outcome or for the next one's. A larger crowd is forgotten by and by.</summary>
    internal void Saw(int callers, TimeSpan round)
    {
        _size = Math.Max(callers, _size - 1 - (_size / 8));
        _patience = round < ShortestPatience ? ShortestPatience : round > LongestPatience ? LongestPatience : round;
    }

    /// <summary>So many are in the queue now. From any thread.</summary>
    internal void Came(int queued)
    {
        if (_waiting is { } waiting && queued >= waiting.Wanted)
        {
            waiting.TrySetResult();
        }
    }

    /// <summary>Nobody is waited for any more. From any thread.</summary>
    internal void End()
    {
        _ended = true;
        _waiting?.TrySetResult();
    }

    /// <summary>Returns when enough of the crowd are in the queue, or after a round's time.</summary>
    internal async ValueTask GatherAsync(ChannelReader<Queued> queue, TimeProvider time)
    {
        var wanted = _size / 2;
        if (queue.Count >= wanted || _ended)
        {
            return;
        }

        var waiting = new Waiting(wanted);
        _waiting = waiting;

        // Whoever came before could not see that it was waited for.
        Came(queue.Count);
        if (!_ended)
        {
            await using (time.CreateTimer(static waiting => ((Waiting)waiting!).TrySetResult(), waiting, _patience, Timeout.InfiniteTimeSpan).ConfigureAwait(false))
            {
                await waiting.Task.ConfigureAwait(false);
            }
        }

        _waiting = null;
    }

    private sealed class Waiting(int wanted) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        internal int Wanted => wanted;
    }
}
