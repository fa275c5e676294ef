using System.Buffers.Binary;

namespace Swarm.Engine.Shim;

/// <summary>
/// What the shim and its clients say to each other on a stream socket: a header of eight bytes (kind, three zeros, length big-endian) and the
/// payload. Output frames are thereby exactly Docker's multiplexed attach stream, and pass through the daemon untouched.
/// </summary>
public enum ShimFrameKind : byte
{
    /// <summary>To the shim: bytes for the process; none: the client has no more.</summary>
    Stdin = 0,
    Stdout = 1,
    Stderr = 2,

    /// <summary>The shim listens and waits for <see cref="Start"/>.</summary>
    Ready = 10,

    /// <summary>Payload: the process id in decimal.</summary>
    Started = 11,

    /// <summary>It could not be started. Payload: the runtime's words.</summary>
    Failed = 12,

    /// <summary>Payload: the <see cref="ExitRecord"/>, which is durable by now.</summary>
    Exited = 13,

    /// <summary>The log has grown since the last such frame.</summary>
    Logged = 14,

    /// <summary>The hello was heard: from here on nothing is missed.</summary>
    Attached = 15,

    /// <summary>First frame of a client. Payload: one byte of <see cref="ShimInterest"/>.</summary>
    Hello = 20,
    Start = 21,

    /// <summary>Payload: the signal's number, one byte.</summary>
    Signal = 22,

    /// <summary>Payload: rows and columns, two big-endian 16-bit numbers.</summary>
    Resize = 23,

    /// <summary>First frame of the daemon: what the shim is for. Payload: <see cref="ShimOptions.ToPayload"/>.</summary>
    Options = 24,
}

/// <summary>What a client of a shim sends and wants to hear.</summary>
[Flags]
public enum ShimInterest : byte
{
    None = 0,
    Stdin = 1,
    Stdout = 2,
    Stderr = 4,

    /// <summary>Started, failed and exited.</summary>
    Life = 8,
    Log = 16,
}

public static class ShimFrame
{
    public const int HeaderSize = 8;

    /// <summary>Bound of one payload.</summary>
    public const int MaximumPayload = 32 * 1024;

    public static void WriteHeader(Span<byte> header, ShimFrameKind kind, int length)
    {
        header[..HeaderSize].Clear();
        header[0] = (byte)kind;
        BinaryPrimitives.WriteInt32BigEndian(header[4..], length);
    }

    public static (ShimFrameKind Kind, int Length) ReadHeader(ReadOnlySpan<byte> header) =>
        ((ShimFrameKind)header[0], BinaryPrimitives.ReadInt32BigEndian(header[4..]));
}
