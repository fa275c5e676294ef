using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Swarm.Api.Http;

/// <summary>Bodies that blocking code reads or writes, such as archives: on a thread of its own, ended when the client leaves.</summary>
internal static class BlockingBody
{
    public static Task WriteBlockingAsync(this HttpContext context, Action<Stream> write)
    {
        context.Features.GetRequiredFeature<IHttpBodyControlFeature>().AllowSynchronousIO = true;
        return Task.Run(() =>
        {
            using var output = new BufferedStream(new AbortableStream(context.Response.Body, context.RequestAborted), AbortableStream.BufferSize);
            write(output);
            output.Flush();
        });
    }

    public static Task ReadBlockingAsync(this HttpContext context, Action<Stream> read)
    {
        context.Features.GetRequiredFeature<IHttpBodyControlFeature>().AllowSynchronousIO = true;
        return Task.Run(() =>
        {
            using var input = new AbortableStream(context.Request.Body, context.RequestAborted);
            read(input);
        });
    }

    /// <summary>Kestrel takes what is written for a client that left, and forgets it: the writer would never learn that nobody listens.</summary>
    private sealed class AbortableStream(Stream inner, CancellationToken left) : Stream
    {
        public const int BufferSize = 64 * 1024;

        public override bool CanRead => inner.CanRead;

        public override bool CanWrite => inner.CanWrite;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            left.ThrowIfCancellationRequested();
            return inner.Read(buffer);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            left.ThrowIfCancellationRequested();
            inner.Write(buffer);
        }

        public override void Flush()
        {
            left.ThrowIfCancellationRequested();
            inner.Flush();
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
