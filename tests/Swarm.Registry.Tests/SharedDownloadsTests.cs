namespace Swarm.Registry.Tests;

public sealed class SharedDownloadsTests
{
    private static readonly Digest A = Digest.Of("a"u8);

    private readonly TaskCompletionSource _finish = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _runs;

    [Fact]
    public async Task Same_blob_is_downloaded_once_and_all_hear_of_it()
    {
        var downloads = new SharedDownloads(3);
        var heard = new long[2];
        var first = downloads.RunAsync(A, Work, bytes => heard[0] = bytes, default);
        await _started.Task;
        var second = downloads.RunAsync(A, Work, bytes => heard[1] = bytes, default);
        _finish.SetResult();
        await Task.WhenAll(first, second);
        Assert.Equal(1, _runs);
        Assert.Equal([100, 100], heard);
    }

    [Fact]
    public async Task One_who_leaves_does_not_stop_the_others()
    {
        var downloads = new SharedDownloads(3);
        using var impatient = new CancellationTokenSource();
        var leaving = downloads.RunAsync(A, Work, null, impatient.Token);
        var staying = downloads.RunAsync(A, Work, null, default);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        _finish.SetResult();
        await staying;
        Assert.Equal(1, _runs);
    }

    [Fact]
    public async Task Abandoned_download_stops_before_a_newcomer_starts_its_own()
    {
        var downloads = new SharedDownloads(3);
        using var impatient = new CancellationTokenSource();
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = 0;
        async Task Slow(Action<long> report, CancellationToken stop)
        {
            Assert.Equal(1, Interlocked.Increment(ref running));
            _started.TrySetResult();
            await released.Task;
            Interlocked.Decrement(ref running);
            stop.ThrowIfCancellationRequested();
        }

        var leaving = downloads.RunAsync(A, Slow, null, impatient.Token);
        await _started.Task;
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        var newcomer = downloads.RunAsync(A, Slow, null, default);
        released.SetResult();
        await newcomer;
    }

    [Fact]
    public async Task Failure_reaches_everyone_and_the_next_try_is_a_new_one()
    {
        var downloads = new SharedDownloads(3);
        var first = downloads.RunAsync(A, async (_, _) =>
        {
            await _finish.Task;
            throw new InvalidDataException();
        }, null, default);
        var second = downloads.RunAsync(A, Work, null, default);
        _finish.SetResult();
        await Assert.ThrowsAsync<InvalidDataException>(() => first);
        await Assert.ThrowsAsync<InvalidDataException>(() => second);
        await downloads.RunAsync(A, Work, null, default);
        Assert.Equal(1, _runs);
    }

    [Fact]
    public async Task No_more_run_at_once_than_allowed()
    {
        var downloads = new SharedDownloads(2);
        var (running, most) = (0, 0);
        var gate = new Lock();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => downloads.RunAsync(
            Digest.Of([(byte)i]),
            async (_, _) =>
            {
                lock (gate)
                {
                    most = Math.Max(most, ++running);
                }

                await Task.Yield();
                lock (gate)
                {
                    running--;
                }
            },
            null,
            default)));
        Assert.InRange(most, 1, 2);
    }

    private async Task Work(Action<long> report, CancellationToken stop)
    {
        Interlocked.Increment(ref _runs);
        _started.TrySetResult();
        await _finish.Task.WaitAsync(stop);
        report(100);
    }
}
