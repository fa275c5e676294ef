using Microsoft.Extensions.Logging;

namespace Swarm.Daemon;

/// <summary>
/// Loops that run for as long as their owner does. One that fails says so and starts over: a node that goes on without one of its loops would
/// look alive and do nothing.
/// </summary>
internal sealed partial class Background(TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _adding = new();
    private readonly List<Task> _loops = [];

    internal void Run(string name, Func<CancellationToken, Task> loop)
    {
        lock (_adding)
        {
            _loops.Add(Task.Run(() => RunAsync(name, loop)));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        Task[] loops;
        lock (_adding)
        {
            loops = [.. _loops];
        }

        await Task.WhenAll(loops);
        _stopping.Dispose();
    }

    private async Task RunAsync(string name, Func<CancellationToken, Task> loop)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await loop(_stopping.Token);
                return;
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                LogFailed(name, failure);
                await Task.Delay(Pause, time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    [LoggerMessage(100, LogLevel.Error, "The loop {Name} failed and starts over")]
    private partial void LogFailed(string name, Exception failure);
}
