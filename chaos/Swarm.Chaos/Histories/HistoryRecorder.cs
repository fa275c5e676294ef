using System.Collections.Concurrent;

namespace Swarm.Chaos.Histories;

/// <summary>Collects the operations of all clients, and is their one clock. Safe from any thread.</summary>
public sealed class HistoryRecorder(TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();
    private readonly ConcurrentQueue<Operation> _operations = new();

    /// <summary>Since the run began, monotonic.</summary>
    public TimeSpan Now => time.GetElapsedTime(_start);

    /// <summary>The machine's clock when <see cref="Now"/> was zero: what daemons write into their logs.</summary>
    public DateTimeOffset StartedAt { get; } = time.GetUtcNow();

    public void Add(Operation operation) => _operations.Enqueue(operation);

    /// <summary>In the order of their calls.</summary>
    public IReadOnlyList<Operation> Operations() => [.. _operations.OrderBy(o => o.Invoked)];
}
