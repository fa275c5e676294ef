namespace Swarm.Agent;

/// <summary>
/// Opens once, for all who wait. The source completes its waiters in place and each then yields: a source that runs continuations asynchronously
/// would, together with WaitAsync, leave the scheduler of the waiter for the thread pool, which the simulator could not follow.
/// </summary>
internal sealed class Latch
{
    private readonly TaskCompletionSource _opened = new();

    internal void Open() => _opened.TrySetResult();

    internal async Task WaitAsync(CancellationToken cancellation)
    {
        await _opened.Task.WaitAsync(cancellation);
        await Task.Yield();
    }
}
