using System.Threading.Channels;

namespace Swarm.Engine.Containers;

/// <summary>Runs what is asked of one container one at a time, in order. What waits for the container to end does so outside.</summary>
internal sealed class Mailbox
{
    private const int MaximumQueue = 1024;
    private readonly Channel<Func<Task>> _queue = Channel.CreateBounded<Func<Task>>(new BoundedChannelOptions(MaximumQueue) { SingleReader = true });

    public Mailbox() => _ = LoopAsync();

    public async Task<T> RunAsync<T>(Func<Task<T>> action)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _queue.Writer.WriteAsync(async () =>
        {
            try
            {
                done.SetResult(await action().ConfigureAwait(false));
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        }).ConfigureAwait(false);
        return await done.Task.ConfigureAwait(false);
    }

    public Task RunAsync(Func<Task> action) => RunAsync(async () =>
    {
        await action().ConfigureAwait(false);
        return true;
    });

    /// <summary>No more is taken; the loop ends after what it has.</summary>
    public void Close() => _queue.Writer.TryComplete();

    private async Task LoopAsync()
    {
        await foreach (var action in _queue.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            await action().ConfigureAwait(false);
        }
    }
}
