using System.Text;

namespace Swarm.Engine.Exec;

/// <summary>Keeps the first bytes that are written to it, and whether there were more.</summary>
internal sealed class OutputHead(int maximum) : Stream
{
    private readonly MemoryStream _kept = new();
    private bool _cut;

    /// <summary>"..." stands for what was not kept.</summary>
    public string Text => Encoding.UTF8.GetString(_kept.GetBuffer(), 0, (int)_kept.Length) + (_cut ? "..." : "");

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _kept.Length;

    public override long Position
    {
        get => _kept.Position;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        var room = maximum - (int)_kept.Length;
        _kept.Write(buffer[..Math.Min(room, buffer.Length)]);
        _cut |= buffer.Length > room;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
