using Swarm.Store.Consensus.Raft.Disk;

namespace Swarm.Store.Consensus.Raft;

/// <summary>
/// Syncs a leader's entries while they travel to the others: what was appended during one sync goes into the next. Ends with the first failure,
/// which is the disk's for good.
/// </summary>
internal sealed class LogSync : IAsyncDisposable
{
    private readonly Action _sync;
    private readonly Func<long> _durable;
    private readonly DiskHealth _health;
    private readonly AutoResetEvent _wanted = new(false);
    private readonly Task _loop;
    private volatile bool _ending;
    private TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="sync">Throws <see cref="BrokenDiskException"/>, having reported it to <paramref name="health"/>.</param>
    /// <param name="durable">Index up to which the log survives a power cut.</param>
    internal LogSync(Action sync, Func<long> durable, DiskHealth health)
    {
        (_sync, _durable, _health) = (sync, durable, health);

        // A thread of its own: a slow disk must not hold those of the pool, on which heartbeats run.
        _loop = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Something was appended.</summary>
    internal void Wake() => _wanted.Set();

    /// <summary>Returns once the entry is durable.</summary>
    /// <exception cref="BrokenDiskException">It never will be.</exception>
    internal async ValueTask WaitAsync(long index, CancellationToken cancellation)
    {
        while (true)
        {
            var synced = Volatile.Read(ref _synced);
            _health.ThrowIfBroken();
            if (_durable() >= index)
            {
                return;
            }

            await synced.Task.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _ending = true;
        _wanted.Set();
        await _loop.ConfigureAwait(false);
        _wanted.Dispose();
    }

    private void Run()
    {
        while (!_ending)
        {
            _wanted.WaitOne();
            try
            {
                _sync();
            }
            catch (BrokenDiskException)
            {
                // Reported; whoever commits meets it, too.
                _ending = true;
            }

            Interlocked.Exchange(ref _synced, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        }
    }
}
