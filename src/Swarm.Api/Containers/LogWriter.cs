using System.Buffers.Binary;
using Swarm.Engine.Logs;

namespace Swarm.Api.Containers;

/// <summary>A line of a log as a client gets it: framed by its stream, or bare for a terminal.</summary>
internal static class LogWriter
{
    private const int FrameHeader = 8;

    public static int SizeOf(LogLine line, bool raw, bool timestamps) => (raw ? 0 : FrameHeader) + (timestamps ? line.TimeText.Length + 1 : 0) + line.Text.Length;

    public static void Write(Span<byte> span, LogLine line, bool raw, bool timestamps)
    {
        var header = raw ? 0 : FrameHeader;
        var stamp = timestamps ? line.TimeText.Length + 1 : 0;
        if (!raw)
        {
            span[..FrameHeader].Clear();
            span[0] = line.IsStderr ? (byte)2 : (byte)1;
            BinaryPrimitives.WriteInt32BigEndian(span[4..], stamp + line.Text.Length);
        }

        if (timestamps)
        {
            line.TimeText.Span.CopyTo(span[header..]);
            span[header + stamp - 1] = (byte)' ';
        }

        line.Text.Span.CopyTo(span[(header + stamp)..]);
    }
}
