using Swarm.Rpc.Clients;

namespace Swarm.Rpc.Links;

/// <summary>A request on a link, and whoever waits for its answer. Safe from any thread.</summary>
internal sealed class LinkCall(long number)
{
    private const int Waiting = 0, Sent = 1, Abandoned = 2;
    private readonly TaskCompletionSource<ReadOnlyMemory<byte>> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _state;

    internal long Number => number;

    internal Task<ReadOnlyMemory<byte>> Answer => _answer.Task;

    /// <summary>It goes out now. False: nobody waits for it any more, and it never does.</summary>
    internal bool TrySend() => Interlocked.CompareExchange(ref _state, Sent, Waiting) == Waiting;

    /// <summary>Nobody waits any more. True if it had gone out: the other end may be told.</summary>
    internal bool Abandon() => Interlocked.CompareExchange(ref _state, Abandoned, Waiting) == Sent;

    internal void Complete(ReadOnlyMemory<byte> answer) => _answer.TrySetResult(answer);

    internal void Refuse(string peer, string reason) => _answer.TrySetException(new IOException($"{peer}: {reason}"));

    /// <summary>The link broke. A call that had not gone out never will.</summary>
    internal void Break(string peer, RpcFault? cause)
    {
        var text = $"{peer}: {cause?.Message ?? "the connection was closed"}";
        _answer.TrySetException(Interlocked.CompareExchange(ref _state, Abandoned, Waiting) == Sent ? new IOException(text, cause) : new PeerNotReachedException(text, cause));
    }
}
