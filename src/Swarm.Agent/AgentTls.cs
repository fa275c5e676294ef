using System.Threading.Channels;
using Swarm.Rpc.Dispatch;

namespace Swarm.Agent;

/// <summary>The node's roots and issuer, as it tells them: with each registration, and by the next heartbeat, at once, when they change.</summary>
public sealed class AgentTls(NodeTls first)
{
    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    private volatile NodeTls _current = first;

    public NodeTls Current => _current;

    public void Change(NodeTls tls)
    {
        _current = tls;
        _changed.Writer.TryWrite(true);
    }

    /// <summary>Until it changes, or the time is over.</summary>
    internal async Task ChangedWithinAsync(TimeSpan wait, TimeProvider time, CancellationToken cancellation)
    {
        using var over = new CancellationTokenSource(wait, time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation, over.Token);
        try
        {
            await _changed.Reader.ReadAsync(ends.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // The time is over.
        }
    }
}
