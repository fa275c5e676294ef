using System.Net.WebSockets;

namespace Swarm.Api.Http;

/// <summary>A websocket as a stream of bytes: each write is one binary message; the client's close is the end.</summary>
internal sealed class AttachedSocket(WebSocket socket) : ConnectionStream
{
    private const int BufferSize = 16 * 1024;
    private readonly byte[] _buffer = new byte[BufferSize];
    private ReadOnlyMemory<byte> _unread;
    private Task<ValueWebSocketReceiveResult>? _receiving;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_unread.IsEmpty)
        {
            if (socket.State is not (WebSocketState.Open or WebSocketState.CloseSent))
            {
                return 0;
            }

            try
            {
                // Cancelled, a receive would abort the socket, and the client never hear a proper close: it is left pending instead.
                _receiving ??= socket.ReceiveAsync(_buffer.AsMemory(), CancellationToken.None).AsTask();
                var received = await _receiving.WaitAsync(cancellationToken).ConfigureAwait(false);
                _receiving = null;
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    return 0;
                }

                _unread = _buffer.AsMemory(0, received.Count);
            }
            catch (WebSocketException e)
            {
                throw new IOException("the client closed the connection", e);
            }
        }

        var count = Math.Min(buffer.Length, _unread.Length);
        _unread[..count].CopyTo(buffer);
        _unread = _unread[count..];
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await socket.SendAsync(buffer, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is WebSocketException or InvalidOperationException)
        {
            throw new IOException("the client closed the connection", e);
        }
    }
}
