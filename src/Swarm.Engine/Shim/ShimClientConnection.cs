using Swarm.Linux;

namespace Swarm.Engine.Shim;

/// <summary>
/// One client, seen from the shim. What the socket does not take at once is kept here, at most <see cref="MaximumPending"/> bytes; the loop reads
/// no more of the container's output while anyone has something pending, and cuts off a client that takes nothing for a while.
/// </summary>
internal sealed class ShimClientConnection(int fd)
{
    /// <summary>Output of one read for each stream, and the frames about the container's life.</summary>
    public const int MaximumPending = 3 * (ShimFrame.MaximumPayload + ShimFrame.HeaderSize);
    private byte[]? _pending;
    private int _pendingStart, _pendingEnd;
    private byte[]? _input;
    private int _inputLength;

    public int Descriptor => fd;
    public ShimInterest Interest { get; set; }
    public bool SaidHello { get; set; }
    public bool HasPending => _pendingEnd > _pendingStart;

    /// <summary>When it last took something (a timestamp of the loop's clock), while something is pending.</summary>
    public long LastProgress { get; private set; }

    /// <summary>False if the client is gone or has let too much pile up.</summary>
    public bool Send(ReadOnlySpan<byte> frame, long now)
    {
        var sent = 0;
        if (!HasPending)
        {
            sent = LocalSocket.Send(fd, frame);
            sent = sent == -LinuxError.Again ? 0 : sent;
        }

        return sent >= 0 && (sent == frame.Length || Keep(frame[sent..], now));
    }

    /// <summary>Sends more of what is pending. False if the client is gone.</summary>
    public bool Flush(long now)
    {
        var sent = LocalSocket.Send(fd, _pending.AsSpan(_pendingStart, _pendingEnd - _pendingStart));
        if (sent <= 0)
        {
            return sent == -LinuxError.Again;
        }

        LastProgress = now;
        _pendingStart += sent;
        if (!HasPending)
        {
            (_pendingStart, _pendingEnd) = (0, 0);
        }

        return true;
    }

    /// <summary>Reads what there is. False if the client is gone or speaks nonsense.</summary>
    public bool Receive()
    {
        _input ??= new byte[ShimFrame.HeaderSize + ShimFrame.MaximumPayload];
        var count = FileDescriptors.Read(fd, _input.AsSpan(_inputLength));
        if (count <= 0)
        {
            return count is -LinuxError.Again or -LinuxError.Interrupted;
        }

        _inputLength += count;
        return _inputLength < ShimFrame.HeaderSize || ShimFrame.ReadHeader(_input).Length is >= 0 and <= ShimFrame.MaximumPayload;
    }

    /// <summary>The first whole frame of the input, which stays until <see cref="Consume"/>.</summary>
    public bool TryPeek(out ShimFrameKind kind, out ReadOnlySpan<byte> payload)
    {
        kind = default;
        payload = default;
        if (_inputLength < ShimFrame.HeaderSize)
        {
            return false;
        }

        (kind, var length) = ShimFrame.ReadHeader(_input);
        if (length is < 0 or > ShimFrame.MaximumPayload || _inputLength < ShimFrame.HeaderSize + length)
        {
            return false;
        }

        payload = _input.AsSpan(ShimFrame.HeaderSize, length);
        return true;
    }

    public void Consume(int payloadLength)
    {
        var size = ShimFrame.HeaderSize + payloadLength;
        _input.AsSpan(size, _inputLength - size).CopyTo(_input);
        _inputLength -= size;
    }

    private bool Keep(ReadOnlySpan<byte> rest, long now)
    {
        _pending ??= new byte[MaximumPending];
        if (_pendingStart > 0)
        {
            _pending.AsSpan(_pendingStart, _pendingEnd - _pendingStart).CopyTo(_pending);
            (_pendingStart, _pendingEnd) = (0, _pendingEnd - _pendingStart);
        }

        if (!HasPending)
        {
            LastProgress = now;
        }

        if (_pending.Length - _pendingEnd < rest.Length)
        {
            return false;
        }

        rest.CopyTo(_pending.AsSpan(_pendingEnd));
        _pendingEnd += rest.Length;
        return true;
    }
}
