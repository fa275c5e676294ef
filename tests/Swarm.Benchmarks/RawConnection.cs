using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

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

    /// <summary>Sends a request and answers the body.</summary>
    /// <exception cref="InvalidDataException">The answer is no success.</exception>
    public async Task<JsonElement> AskAsync(byte[] request)
    {
        await _socket.SendAsync(request);
        var length = 0;
        while (true)
        {
            var read = await _socket.ReceiveAsync(_buffer.AsMemory(length));
            if (read == 0)
            {
                throw new InvalidDataException("the engine hung up");
            }

            length += read;
            if (Body(_buffer.AsSpan(0, length)) is var (status, start, size) && length >= start + size)
            {
                return status is >= 200 and < 300
                    ? JsonSerializer.Deserialize<JsonElement>(_buffer.AsSpan(start, size))
                    : throw new InvalidDataException(Encoding.UTF8.GetString(_buffer, 0, length));
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private static (int Status, int Start, int Size)? Body(ReadOnlySpan<byte> answer)
    {
        var end = answer.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return null;
        }

        var head = Encoding.ASCII.GetString(answer[..end]);
        var status = int.Parse(head.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture);
        foreach (var line in head.Split("\r\n"))
        {
            if (line.StartsWith("Content-Length: ", StringComparison.OrdinalIgnoreCase))
            {
                return (status, end + 4, int.Parse(line.AsSpan(16), System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        // Kestrel sends JSON of unknown length in chunks: one chunk and the end, for answers as small as these.
        var chunk = answer[(end + 4)..];
        var first = chunk.IndexOf("\r\n"u8);
        if (first < 0 || !chunk.EndsWith("\r\n0\r\n\r\n"u8))
        {
            return null;
        }

        return (status, end + 4 + first + 2, int.Parse(chunk[..first], System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture));
    }
}
