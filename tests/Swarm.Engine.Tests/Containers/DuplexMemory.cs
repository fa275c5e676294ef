using System.Buffers.Binary;
using System.Text;

namespace Swarm.Engine.Tests.Containers;

/// <summary>A client that says one thing, ends its input, and keeps what it hears in frames.</summary>
internal sealed class DuplexMemory(string input) : Stream
{
    private readonly MemoryStream _input = new(Encoding.UTF8.GetBytes(input)), _output = new();

    public override bool CanRead => true;
    public override bool CanWrite => true;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>What came in all frames, without their headers.</summary>
    public string Payloads()
    {
        var bytes = _output.ToArray().AsSpan();
        var text = new StringBuilder();
        while (!bytes.IsEmpty)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(bytes[4..]);
            text.Append(Encoding.UTF8.GetString(bytes.Slice(8, length)));
            bytes = bytes[(8 + length)..];
        }

        return text.ToString();
    }

    public override int Read(byte[] buffer, int offset, int count) => _input.Read(buffer, offset, count);
    public override void Write(byte[] buffer, int offset, int count) => _output.Write(buffer, offset, count);

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _input.Dispose();
            _output.Dispose();
        }

        base.Dispose(disposing);
    }
}
