using System.Buffers;
using System.Buffers.Binary;

namespace Swarm.Rpc.Work;

/// <summary>
/// Lines of a log side by side in one piece of memory, for speed: per line a byte for the stream (1 stdout, 2 stderr), one for the length of the
/// timestamp, four for that of the text (little endian), eight for the time in ticks, then the timestamp and the text.
/// </summary>
public static class LogLines
{
    private const int Header = 14;

    public static void Write(ArrayBufferWriter<byte> output, bool isStderr, DateTimeOffset time, ReadOnlySpan<byte> timeText, ReadOnlySpan<byte> text)
    {
        var span = output.GetSpan(Header + timeText.Length + text.Length);
        span[0] = isStderr ? (byte)2 : (byte)1;
        span[1] = checked((byte)timeText.Length);
        BinaryPrimitives.WriteInt32LittleEndian(span[2..], text.Length);
        BinaryPrimitives.WriteInt64LittleEndian(span[6..], time.UtcTicks);
        timeText.CopyTo(span[Header..]);
        text.CopyTo(span[(Header + timeText.Length)..]);
        output.Advance(Header + timeText.Length + text.Length);
    }

    /// <summary>The first of <paramref name="lines"/>, which then begin behind it.</summary>
    /// <exception cref="RpcFault">They are not what <see cref="Write"/> wrote.</exception>
    public static bool TryRead(ref ReadOnlyMemory<byte> lines, out WorkLogLine line)
    {
        line = default;
        if (lines.IsEmpty)
        {
            return false;
        }

        var span = lines.Span;
        if (span.Length < Header)
        {
            throw Broken();
        }

        int timeLength = span[1];
        var length = BinaryPrimitives.ReadInt32LittleEndian(span[2..]);
        if (length < 0 || length > span.Length - Header - timeLength)
        {
            throw Broken();
        }

        line = new WorkLogLine(span[0] == 2, BinaryPrimitives.ReadInt64LittleEndian(span[6..]), lines.Slice(Header, timeLength), lines.Slice(Header + timeLength, length));
        lines = lines[(Header + timeLength + length)..];
        return true;
    }

    private static RpcFault Broken() => new(RpcStatus.InvalidArgument, "a batch of log lines is damaged");
}

/// <param name="Ticks">UTC.</param>
/// <param name="Text">With its line end, unless it is a piece of a longer line.</param>
public readonly record struct WorkLogLine(bool IsStderr, long Ticks, ReadOnlyMemory<byte> TimeText, ReadOnlyMemory<byte> Text);
