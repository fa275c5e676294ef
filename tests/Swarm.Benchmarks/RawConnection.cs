using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Swarm.Benchmarks;

/// <summary>
/// HTTP/1.1 on one kept connection, with as little work as a client can do: on a machine that the client shares with the managers, what it spends
/// they lack.
/// </summary>
internal sealed class RawConnection : IDisposable
{
    private readonly Socket _socket;
    private readonly byte[] _buffer = new byte[1 << 16];

    public RawConnection(string socket)
        : this(new UnixDomainSocketEndPoint(socket))
    {
    }

    public RawConnection(EndPoint endpoint)
    {
        _socket = endpoint is IPEndPoint
            ? new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }
            : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _socket.Connect(endpoint);
    }

    public static byte[] Post(string path, string body) =>
        Encoding.UTF8.GetBytes($"POST {path} HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

    /// <summary>A request without a body.</summary>
    public static byte[] Request(string method, string path) => Encoding.UTF8.GetBytes($"{method} {path} HTTP/1.1\r\nHost: d\r\n\r\n");

    /// <summary>Sends a request and answers the body, which is good until the next. Blocks: a thread that waits in the kernel for its answer costs least.</summary>
    /// <exception cref="InvalidDataException">The answer is no success.</exception>
    public ReadOnlySpan<byte> Ask(ReadOnlySpan<byte> request)
    {
        _socket.Send(request);
        var length = 0;
        while (true)
        {
            var read = _socket.Receive(_buffer.AsSpan(length));
            if (read == 0)
            {
                throw new InvalidDataException("the engine hung up");
            }

            length += read;
            if (Body(_buffer.AsSpan(0, length)) is var (status, start, size) && length >= start + size)
            {
                return status is >= 200 and < 300 ? _buffer.AsSpan(start, size) : throw new InvalidDataException(Encoding.UTF8.GetString(_buffer, 0, length));
            }
        }
    }

    /// <summary>The text of a member of a JSON object that is written without spaces, and has no other of the name.</summary>
    /// <exception cref="InvalidDataException">There is none.</exception>
    public static string Text(ReadOnlySpan<byte> json, string name)
    {
        var start = json.IndexOf(Encoding.UTF8.GetBytes($"\"{name}\":\""));
        if (start < 0)
        {
            throw new InvalidDataException(Encoding.UTF8.GetString(json));
        }

        var text = json[(start + name.Length + 4)..];
        return Encoding.UTF8.GetString(text[..text.IndexOf((byte)'"')]);
    }

    public void Dispose() => _socket.Dispose();

    private static (int Status, int Start, int Size)? Body(ReadOnlySpan<byte> answer)
    {
        var end = answer.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return null;
        }

        var head = answer[..end];
        var status = Number(head[9..]);
        if (head.IndexOf("\r\nContent-Length: "u8) is >= 0 and var at)
        {
            return (status, end + 4, Number(head[(at + 18)..]));
        }

        // Sent in chunks: one and the end, for answers as small as these.
        var chunk = answer[(end + 4)..];
        var first = chunk.IndexOf("\r\n"u8);
        if (first < 0 || !chunk.EndsWith("\r\n0\r\n\r\n"u8))
        {
            return null;
        }

        return (status, end + 4 + first + 2, Number(chunk, 'x'));
    }

    private static int Number(ReadOnlySpan<byte> text, char format = 'D') =>
        Utf8Parser.TryParse(text, out int number, out _, format) ? number : throw new InvalidDataException($"no number: {Encoding.UTF8.GetString(text)}");
}
