using Microsoft.AspNetCore.Http;

namespace Swarm.Api.Authorization;

/// <summary>
/// Keeps an answer of known, small size back until it is released; everything else passes through. Disposing it releases nothing.
/// </summary>
internal sealed class HeldAnswer(HttpResponse response, Stream client) : Stream
{
    public const int Limit = 1 << 20;
    private bool _passes;

    public MemoryStream Held { get; } = new();

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public async Task ReleaseAsync(CancellationToken cancellation)
    {
        _passes = true;
        if (Held.Length == 0)
        {
            return; // nothing, or an answer that may have no body at all: not even an empty one
        }

        await client.WriteAsync(Held.GetBuffer().AsMemory(0, (int)Held.Length), cancellation).ConfigureAwait(false);
        Held.SetLength(0);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _passes |= response.ContentLength is null or > Limit || Held.Length + buffer.Length > Limit;
        if (!_passes)
        {
            Held.Write(buffer.Span);
            return;
        }

        await ReleaseAsync(cancellationToken).ConfigureAwait(false);
        await client.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) =>
        _passes || response.ContentLength is null ? client.FlushAsync(cancellationToken) : Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
