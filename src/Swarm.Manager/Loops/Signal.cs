using System.Threading.Channels;

namespace Swarm.Manager.Loops;

/// <summary>Wakes one waiting flow from any thread; raised many times before it looks, it wakes it once.</summary>
internal sealed class Signal
{
    private readonly Channel<bool> _raised = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    internal void Raise() => _raised.Writer.TryWrite(true);

    internal bool Take() => _raised.Reader.TryRead(out _);

    /// <summary>Completes when raised; the raise is still to be taken.</summary>
    internal async Task WaitAsync(CancellationToken cancellation) => await _raised.Reader.WaitToReadAsync(cancellation);
}
