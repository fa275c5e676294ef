namespace Swarm.Simulation.Clock;

/// <summary>Virtual time: it stands still while anything can run, and then jumps to the next timer.</summary>
public sealed class SimulatedTime : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly PriorityQueue<(Timer Timer, int Version), (long Due, long Order)> _due = new();
    private long _now;
    private long _order;

    public TimeSpan Elapsed => TimeSpan.FromTicks(_now);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => Start.AddTicks(_now);

    public override long GetTimestamp() => _now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Fires the next timer that is due by <paramref name="limit"/>, moving the time to it; false: there is none, and it is the limit now.</summary>
    internal bool FireNext(TimeSpan limit)
    {
        while (_due.TryPeek(out var entry, out var at))
        {
            if (at.Due > limit.Ticks)
            {
                break;
            }

            _due.Dequeue();
            if (entry.Timer.IsCurrent(entry.Version))
            {
                _now = Math.Max(_now, at.Due);
                entry.Timer.Fire();
                return true;
            }
        }

        _now = Math.Max(_now, limit.Ticks);
        return false;
    }

    private sealed class Timer(SimulatedTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period = Timeout.InfiniteTimeSpan;
        private int _version;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _version++;
            _period = period;
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                time._due.Enqueue((this, _version), (time._now + dueTime.Ticks, time._order++));
            }

            return true;
        }

        public void Dispose() => _version++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }

        internal bool IsCurrent(int version) => version == _version;

        internal void Fire()
        {
            if (_period > TimeSpan.Zero)
            {
                Change(_period, _period);
            }
            else
            {
                _version++;
            }

            callback(state);
        }
    }
}
