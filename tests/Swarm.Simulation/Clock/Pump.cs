namespace Swarm.Simulation.Clock;

/// <summary>
/// Runs everything of one simulated cluster on one thread, in one order. A continuation that arrives from another thread would make the order
/// depend on the machine: it is an error.
/// </summary>
public sealed class Pump : SynchronizationContext
{
    /// <summary>Continuations without any passing of time after which it is a livelock.</summary>
    private const int MaxStepsAtOnce = 200_000;

    private readonly Queue<(SendOrPostCallback Callback, object? State)> _ready = new();
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private volatile string? _foreign;

    public SimulatedTime Time { get; } = new();

    /// <summary>Called between two steps; throws when an invariant is broken.</summary>
    public Action? AfterStep { get; set; }

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            _foreign = Environment.StackTrace;
            return;
        }

        _ready.Enqueue((d, state));
    }

    public override void Send(SendOrPostCallback d, object? state) => d(state);

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Runs for so long in virtual time, or until <paramref name="done"/> holds; answers whether it did.</summary>
    public bool Run(TimeSpan duration, Func<bool>? done = null)
    {
        var former = Current;
        SetSynchronizationContext(this);
        try
        {
            var limit = Time.Elapsed + duration;
            while (true)
            {
                for (var steps = 0; _ready.TryDequeue(out var item); steps++)
                {
                    item.Callback(item.State);
                    if (steps > MaxStepsAtOnce)
                    {
                        throw new InvalidOperationException($"livelock at {Time.Elapsed}: {item.State}");
                    }
                }

                if (_foreign is { } trace)
                {
                    throw new InvalidOperationException("a continuation left the simulated scheduler:\n" + trace);
                }

                AfterStep?.Invoke();
                if (done?.Invoke() == true)
                {
                    return true;
                }

                if (!Time.FireNext(limit))
                {
                    return false;
                }
            }
        }
        finally
        {
            SetSynchronizationContext(former);
        }
    }
}
