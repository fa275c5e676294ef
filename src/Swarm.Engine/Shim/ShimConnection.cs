using System.Net.Sockets;
using Swarm.Linux;

namespace Swarm.Engine.Shim;

/// <summary>A frame as it came; the memory is good until the next read.</summary>
/// <param name="Whole">Header and payload.</param>
public readonly record struct ReceivedFrame(ShimFrameKind Kind, ReadOnlyMemory<byte> Payload, ReadOnlyMemory<byte> Whole);

/// <summary>The daemon's end of a talk with a shim. One reader; writers may be several, since a frame is sent in one piece.</summary>
public sealed class ShimConnection(Socket socket) : IDisposable
{
    // Watching costs little memory: the buffer grows only for those who get output.
    private byte[] _buffer = new byte[256];
    private int _start, _end;

    /// <summary>Connects to the shim that listens in <paramref name="bundle"/>; null if none does.</summary>
    public static async Task<ShimConnection?> ConnectAsync(string bundle, ShimInterest interest, CancellationToken cancellation)
    {
        if (!File.Exists(Path.Combine(bundle, ShimLoop.SocketName)))
        {
            return null;
        }

        // A socket's path has at most 107 bytes; one through the folder's descriptor is always short.
        var folder = FileDescriptors.Open(bundle, FileDescriptors.PathOnly | FileDescriptors.Directory);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint($"/proc/self/fd/{folder}/{ShimLoop.SocketName}"), cancellation).ConfigureAwait(false);
            var connection = new ShimConnection(socket);
            await connection.SendAsync(ShimFrameKind.Hello, new[] { (byte)interest }, cancellation).ConfigureAwait(false);
            return connection;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
        finally
        {
            FileDescriptors.Close(folder);
        }
    }

    /// <exception cref="SocketException">The shim is gone.</exception>
    public async Task SendAsync(ShimFrameKind kind, ReadOnlyMemory<byte> payload, CancellationToken cancellation)
    {
        var frame = new byte[ShimFrame.HeaderSize + payload.Length];
        ShimFrame.WriteHeader(frame, kind, payload.Length);
        payload.CopyTo(frame.AsMemory(ShimFrame.HeaderSize));
        for (var sent = 0; sent < frame.Length;)
        {
            sent += await socket.SendAsync(frame.AsMemory(sent), cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The next frame; null once the shim has ended or cut us off.</summary>
    public async ValueTask<ReceivedFrame?> ReadAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var available = _end - _start;
            if (available >= ShimFrame.HeaderSize)
            {
                var (kind, length) = ShimFrame.ReadHeader(_buffer.AsSpan(_start));
                var size = ShimFrame.HeaderSize + length;
                if (available >= size)
                {
                    var whole = _buffer.AsMemory(_start, size);
                    _start += size;
                    return new ReceivedFrame(kind, whole[ShimFrame.HeaderSize..], whole);
                }

                MakeRoom(size);
            }
            else
            {
                MakeRoom(ShimFrame.HeaderSize);
            }

            int count;
            try
            {
                count = await socket.ReceiveAsync(_buffer.AsMemory(_end), cancellation).ConfigureAwait(false);
            }
            catch (SocketException)
            {
                return null;
            }

            if (count == 0)
            {
                return null;
            }

            _end += count;
        }
    }

    public void Dispose() => socket.Dispose();

    private void MakeRoom(int size)
    {
        var kept = _buffer.AsSpan(_start, _end - _start);
        if (_buffer.Length < size)
        {
            var larger = new byte[2 * (ShimFrame.HeaderSize + ShimFrame.MaximumPayload)];
            kept.CopyTo(larger);
            _buffer = larger;
        }
        else if (_start > 0)
        {
            kept.CopyTo(_buffer);
        }

        (_start, _end) = (0, kept.Length);
    }
}
