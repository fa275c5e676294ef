using Microsoft.Extensions.Logging;

namespace Swarm.Store.Consensus.Raft.Disk;

/// <summary>The disk takes no more writes.</summary>
/// <param name="Why">The call, the file and the kernel's reason.</param>
public sealed record DiskFailure(DateTimeOffset Since, string Why);

/// <summary>
/// Whether the log can be written. A full disk passes: the node leads nobody until it does. A broken one does not: what it holds is unknown, and the
/// process must end. Safe from any thread.
/// </summary>
internal sealed partial class DiskHealth(TimeProvider time, ILogger logger)
{
    private readonly TaskCompletionSource<Exception> _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private volatile DiskFailure? _failure;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Null while it can be written.</summary>
    internal DiskFailure? Failure => _failure;

    internal Task<Exception> Broken => _broken.Task;

    /// <summary>Completes at the next change of <see cref="Failure"/>.</summary>
    internal Task Changed => Volatile.Read(ref _changed).Task;

    internal void Full(IOException failure) => Change(new DiskFailure(time.GetUtcNow(), failure.Message));

    internal void Mended() => Change(null);

    internal void Break(Exception failure)
    {
        _broken.TrySetResult(failure);
        Change(new DiskFailure(time.GetUtcNow(), failure.Message));
    }

    /// <summary>After a failed sync a later one may succeed without having written anything, so nobody tries.</summary>
    internal void ThrowIfBroken()
    {
        if (_broken.Task.IsCompleted)
        {
            throw new BrokenDiskException(new IOException(_failure?.Why));
        }
    }

    internal async Task MendedAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var changed = Changed;
            if (_failure is null)
            {
                return;
            }

            await changed.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    private void Change(DiskFailure? failure)
    {
        lock (_lock)
        {
            if ((failure is null) == (_failure is null))
            {
                return;
            }

            if (failure is null && _broken.Task.IsCompleted)
            {
                return;
            }

            _failure = failure;
        }

        if (failure is null)
        {
            LogMended();
        }
        else
        {
            LogFailing(failure.Why);
        }

        Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    [LoggerMessage(2020, LogLevel.Error, "this manager's log cannot be written, so it steps down and acknowledges nothing until it can: {Why}")]
    private partial void LogFailing(string why);

    [LoggerMessage(2021, LogLevel.Warning, "this manager's log can be written again")]
    private partial void LogMended();
}
