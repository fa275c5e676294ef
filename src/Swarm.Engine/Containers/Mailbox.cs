using System.Threading.Channels;

namespace Swarm.Engine.Containers;

/// <summary>
/// Runs what is asked of one container one at a time, in order. What waits for the container to end does so outside. What comes too late, because the
/// container is gone when its turn is, is refused with 404.
/// </summary>
internal sealed class Mailbox
{
    private const int MaximumQueue = 1024;
    private readonly Channel<Func<Task>> _queue = Channel.CreateBounded<Func<Task>>(new BoundedChannelOptions(MaximumQueue) { SingleReader = true });

    private readonly string _id;
    private volatile bool _closed;

    /// <param name="id">The container's.</param>
    public Mailbox(string id)
    {
        _id = id;
        _ = LoopAsync();
    }

    /// <exception cref="EngineException">404: the container is gone.</exception>
    public async Task<T> RunAsync<T>(Func<Task<T>> action)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await _queue.Writer.WriteAsync(async () =>
            {
                try
                {
                    done.SetResult(_closed ? throw Gone() : await action().ConfigureAwait(false));
                }
                catch (Exception e)
                {
                    done.SetException(e);
                }
            }).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            throw Gone();
        }

        return await done.Task.ConfigureAwait(false);
    }

    public Task RunAsync(Func<Task> action) => RunAsync(async () =>
    {
        await action().ConfigureAwait(false);
        return true;
    });

    /// <summary>The container is gone: no more is taken, and what waits is refused.</summary>
    public void Close()
    {
        _closed = true;
        _queue.Writer.TryComplete();
    }

    private EngineException Gone() => EngineException.NotFound($"No such container: {_id}");

    private async Task LoopAsync()
    {
        await foreach (var action in _queue.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            await action().ConfigureAwait(false);
        }
    }
}
