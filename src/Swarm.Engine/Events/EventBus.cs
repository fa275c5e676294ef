using System.Collections.Immutable;
using System.Threading.Channels;

namespace Swarm.Engine.Events;

/// <summary>
/// What happens on this node: the last <see cref="Kept"/> events, and a stream for each listener. A listener that lags by more than
/// <see cref="ListenerQueue"/> events is ended rather than waited for.
/// </summary>
public sealed class EventBus(TimeProvider time)
{
    public const int Kept = 256, ListenerQueue = 1024;
    private readonly Lock _lock = new();
    private ImmutableQueue<EngineEvent> _recent = [];
    private ImmutableList<Channel<EngineEvent>> _listeners = [];
    private int _count;
    private long _published;

    /// <summary>Events since the daemon was started.</summary>
    public long Published => Volatile.Read(ref _published);

    /// <summary>Who listens now.</summary>
    public int Listeners => Volatile.Read(ref _listeners).Count;

    /// <param name="scope">local: this node's; swarm: of the cluster, and told on every manager.</param>
    public void Publish(string type, string action, string actorId, IReadOnlyDictionary<string, string> attributes, string scope = "local")
    {
        var now = time.GetUtcNow();
        var isContainer = type == "container";
        var message = new EngineEvent
        {
            Type = type,
            Action = action,
            Actor = new EventActor(actorId, attributes),
            Scope = scope,
            Time = now.ToUnixTimeSeconds(),
            TimeNano = (now - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick,
            Status = isContainer || type == "image" ? action : null,
            Id = isContainer || type == "image" ? actorId : null,
            From = isContainer ? attributes.GetValueOrDefault("image") : null,
        };

        lock (_lock)
        {
            _published++;
            _recent = _recent.Enqueue(message);
            if (++_count > Kept)
            {
                _recent = _recent.Dequeue();
                _count--;
            }

            foreach (var listener in _listeners)
            {
                if (!listener.Writer.TryWrite(message))
                {
                    _listeners = _listeners.Remove(listener);
                    listener.Writer.TryComplete();
                }
            }
        }
    }

    /// <summary>The kept events and the stream of all later ones, with none in between lost.</summary>
    public EventSubscription Subscribe()
    {
        var channel = Channel.CreateBounded<EngineEvent>(ListenerQueue);
        lock (_lock)
        {
            _listeners = _listeners.Add(channel);
            return new EventSubscription([.. _recent], channel.Reader, () => Remove(channel));
        }
    }

    private void Remove(Channel<EngineEvent> channel)
    {
        lock (_lock)
        {
            _listeners = _listeners.Remove(channel);
        }

        channel.Writer.TryComplete();
    }
}

/// <summary>Dispose it to stop listening.</summary>
public sealed class EventSubscription(IReadOnlyList<EngineEvent> recent, ChannelReader<EngineEvent> live, Action end) : IDisposable
{
    public IReadOnlyList<EngineEvent> Recent => recent;
    public ChannelReader<EngineEvent> Live => live;

    public void Dispose() => end();
}
