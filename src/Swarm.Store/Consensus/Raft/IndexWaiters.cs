namespace Swarm.Store.Consensus.Raft;

/// <summary>Those who wait for an index to be reached. Safe from any thread.</summary>
internal sealed class IndexWaiters
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<TaskCompletionSource, long> _waiting = new();
    private long _reached;
    private Exception? _failure;

    internal long Reached => Volatile.Read(ref _reached);

    internal ValueTask WaitAsync(long index, CancellationToken cancellation)
    {
        if (Reached >= index)
        {
            return ValueTask.CompletedTask;
        }

        // Whoever gives up stays in the queue until the index is reached: it is on its way.
        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_failure is { } failure)
            {
                return ValueTask.FromException(failure);
            }

            if (_reached >= index)
            {
                return ValueTask.CompletedTask;
            }

            _waiting.Enqueue(waiter, index);
        }

        return new ValueTask(waiter.Task.WaitAsync(cancellation));
    }

    internal void Reach(long index)
    {
        lock (_lock)
        {
            Volatile.Write(ref _reached, Math.Max(_reached, index));
            while (_waiting.TryPeek(out var waiter, out var wanted) && wanted <= index)
            {
                _waiting.Dequeue();
                waiter.TrySetResult();
            }
        }
    }

    /// <summary>Nothing more will be reached.</summary>
    internal void Fail(Exception failure)
    {
        lock (_lock)
        {
            _failure ??= failure;
            while (_waiting.TryDequeue(out var waiter, out _))
            {
                waiter.TrySetException(failure);
                _ = waiter.Task.Exception;
            }
        }
    }
}
