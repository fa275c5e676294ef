using System.Buffers;
using System.IO.Pipelines;

namespace Swarm.Api.Http;

/// <summary>The raw connection. One reader and one writer at a time.</summary>
internal sealed class HijackedStream(IDuplexPipe transport) : ConnectionStream
{
    private readonly CancellationTokenSource _closed = new();

    /// <summary>Cancelled once a write found the client gone.</summary>
    internal CancellationToken Closed => _closed.Token;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await transport.Input.ReadAsync(cancellationToken).ConfigureAwait(false);
        var slice = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, buffer.Length));
        slice.CopyTo(buffer.Span);

        // Before the advance: it takes back the segments that the length is counted by.
        var count = (int)slice.Length;
        transport.Input.AdvanceTo(slice.End);
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var flushed = await transport.Output.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (flushed.IsCompleted)
        {
            await _closed.CancelAsync().ConfigureAwait(false);
            throw new IOException("the client closed the connection");
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _closed.Dispose();
        }

        base.Dispose(disposing);
    }
}
