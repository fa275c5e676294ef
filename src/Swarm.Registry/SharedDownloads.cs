using System.Collections.Immutable;

namespace Swarm.Registry;

/// <summary>
/// Lets callers that want the same blob at the same time share one download, and bounds how many run. A download ends early only when
/// everyone who waited for it has left.
/// </summary>
public sealed class SharedDownloads(int concurrent)
{
    private volatile SemaphoreSlim _slots = new(concurrent);
    private readonly Lock _gate = new();
    private readonly Dictionary<Digest, Download> _running = [];

    /// <summary>From now on this many at once; those that run or wait already keep the places that they were promised.</summary>
    public void Allow(int count) => _slots = new SemaphoreSlim(count);

    /// <param name="download">Does the work; told whom to report the bytes so far to. It must be content with the blob being there already.</param>
    /// <param name="progress">Bytes so far; called from any thread.</param>
    public async Task RunAsync(
        Digest digest, Func<Action<long>, CancellationToken, Task> download, Action<long>? progress, CancellationToken cancellation)
    {
        while (true)
        {
            var shared = Join(digest, download, progress, out var joined);
            if (joined)
            {
                await WaitAsync(shared, progress, cancellation);
                return;
            }

            // Everyone left that one and it is about to stop; two must not write to the same file.
            await shared.Work.WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private Download Join(Digest digest, Func<Action<long>, CancellationToken, Task> download, Action<long>? progress, out bool joined)
    {
        lock (_gate)
        {
            if (!_running.TryGetValue(digest, out var shared))
            {
                shared = new Download();
                _running.Add(digest, shared);
                shared.Work = Task.Run(() => WorkAsync(digest, shared, download), CancellationToken.None);
            }

            joined = !shared.Abandoned;
            if (joined)
            {
                shared.Waiters++;
                shared.Listeners = progress is null ? shared.Listeners : shared.Listeners.Add(progress);
            }

            return shared;
        }
    }

    private async Task WaitAsync(Download shared, Action<long>? progress, CancellationToken cancellation)
    {
        try
        {
            await shared.Work.WaitAsync(cancellation);
        }
        finally
        {
            Leave(shared, progress);
        }
    }

    private async Task WorkAsync(Digest digest, Download shared, Func<Action<long>, CancellationToken, Task> download)
    {
        try
        {
            var slots = _slots;
            await slots.WaitAsync(shared.Stop.Token);
            try
            {
                await download(shared.Report, shared.Stop.Token);
            }
            finally
            {
                slots.Release();
            }
        }
        finally
        {
            lock (_gate)
            {
                _running.Remove(digest);
            }
        }
    }

    private void Leave(Download shared, Action<long>? progress)
    {
        lock (_gate)
        {
            shared.Listeners = progress is null ? shared.Listeners : shared.Listeners.Remove(progress);
            shared.Abandoned = --shared.Waiters == 0;
        }

        if (shared.Abandoned)
        {
            shared.Stop.Cancel();
        }
    }

    private sealed class Download
    {
        public readonly CancellationTokenSource Stop = new();
        public Task Work = Task.CompletedTask;
        public int Waiters;
        public bool Abandoned;
        public ImmutableArray<Action<long>> Listeners = [];

        public void Report(long bytes)
        {
            foreach (var listener in Listeners)
            {
                listener(bytes);
            }
        }
    }
}
