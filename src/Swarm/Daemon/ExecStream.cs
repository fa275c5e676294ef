using System.Threading.Channels;
using Swarm.Api.Http;
using Swarm.Rpc.Work;

namespace Swarm.Daemon;

/// <summary>The client's side of an exec, when the client is at another node: messages on one side, a stream of bytes each way on the other.</summary>
internal sealed class ExecStream : ConnectionStream
{
    /// <summary>Pieces that wait, each way; then the sender waits.</summary>
    private const int MaxWaiting = 8;

    private readonly Channel<byte[]> _input = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private readonly Channel<byte[]> _output = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private ReadOnlyMemory<byte> _rest;

    /// <summary>What the process writes.</summary>
    internal ChannelReader<byte[]> Output => _output.Reader;

    /// <summary>Nothing will be written any more.</summary>
    internal void Complete() => _output.Writer.TryComplete();

    /// <summary>Takes what the client sends, until it has gone or is cancelled.</summary>
    /// <param name="listens">The process has a standard input; otherwise only sizes count.</param>
    internal async Task FeedAsync(IAsyncEnumerator<ExecInput> messages, bool listens, Func<TerminalSize, Task> resize, CancellationToken cancellation)
    {
        try
        {
            while (await messages.MoveNextAsync().ConfigureAwait(false))
            {
                var message = messages.Current;
                if (message.Size is { } size)
                {
                    await resize(size).ConfigureAwait(false);
                }

                if (listens && message.Stdin.Length > 0)
                {
                    await _input.Writer.WriteAsync(message.Stdin, cancellation).ConfigureAwait(false);
                }

                if (message.IsStdinOver)
                {
                    _input.Writer.TryComplete();
                }
            }
        }
        finally
        {
            _input.Writer.TryComplete();
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_rest.IsEmpty)
        {
            if (!await _input.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                return 0;
            }

            _rest = _input.Reader.TryRead(out var piece) ? piece : default;
        }

        var count = Math.Min(_rest.Length, buffer.Length);
        _rest[..count].CopyTo(buffer);
        _rest = _rest[count..];
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await _output.Writer.WriteAsync(buffer.ToArray(), cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException e)
        {
            throw new IOException("the client is gone", e);
        }
    }
}
