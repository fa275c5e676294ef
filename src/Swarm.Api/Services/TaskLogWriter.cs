using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Swarm.Manager.Logs;

namespace Swarm.Api.Services;

/// <summary>Lines of tasks as a client gets them: framed by their stream, or bare for a terminal; with their time, and with whose they are.</summary>
internal sealed class TaskLogWriter(bool isRaw, bool timestamps, bool details)
{
    private const int FrameHeader = 8;
    private const byte Stdout = 1, Stderr = 2, SystemError = 3;
    private readonly Dictionary<string, byte[]> _details = new(StringComparer.Ordinal);

    internal bool IsRaw => isRaw;

    internal void Write(IBufferWriter<byte> output, in TaskLogLine line)
    {
        var whose = details ? DetailsOf(line) : [];
        var time = timestamps ? line.TimeText.Length + 1 : 0;
        var header = isRaw ? 0 : FrameHeader;
        var size = header + time + whose.Length + line.Text.Length;
        var span = output.GetSpan(size);
        WriteHeader(span, line.IsStderr ? Stderr : Stdout, size - header);
        if (time > 0)
        {
            line.TimeText.Span.CopyTo(span[header..]);
            span[header + time - 1] = (byte)' ';
        }

        whose.CopyTo(span[(header + time)..]);
        line.Text.Span.CopyTo(span[(header + time + whose.Length)..]);
        output.Advance(size);
    }

    internal void WriteFailure(IBufferWriter<byte> output, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var header = isRaw ? 0 : FrameHeader;
        var span = output.GetSpan(header + bytes.Length);
        WriteHeader(span, SystemError, bytes.Length);
        bytes.CopyTo(span[header..]);
        output.Advance(header + bytes.Length);
    }

    private void WriteHeader(Span<byte> span, byte stream, int length)
    {
        if (!isRaw)
        {
            span[..FrameHeader].Clear();
            span[0] = stream;
            BinaryPrimitives.WriteInt32BigEndian(span[4..], length);
        }
    }

    /// <summary>By these the docker client finds the name of the task and of its node.</summary>
    private byte[] DetailsOf(in TaskLogLine line)
    {
        if (!_details.TryGetValue(line.Task.Id, out var bytes))
        {
            const string prefix = "com.docker.swarm.";
            bytes = Encoding.UTF8.GetBytes($"{prefix}node.id={line.Task.NodeId},{prefix}service.id={line.Task.ServiceId},{prefix}task.id={line.Task.Id} ");
            _details[line.Task.Id] = bytes;
        }

        return bytes;
    }
}
