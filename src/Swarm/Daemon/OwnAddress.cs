namespace Swarm.Daemon;

/// <summary>host:port at which this node is dialled, as it is now; it may change while the node runs.</summary>
internal sealed class OwnAddress(string address)
{
    private readonly Lock _changing = new();
    private volatile string _current = address;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal string Current => _current;

    internal void Change(string address)
    {
        lock (_changing)
        {
            _current = address;
            _changed.TrySetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Returns once it is another than <paramref name="address"/>.</summary>
    internal async Task UntilNotAsync(string address, CancellationToken cancellation)
    {
        while (true)
        {
            Task changed;
            lock (_changing)
            {
                changed = _changed.Task;
                if (_current != address)
                {
                    return;
                }
            }

            await changed.WaitAsync(cancellation);
        }
    }
}
