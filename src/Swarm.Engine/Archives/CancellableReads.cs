namespace Swarm.Engine.Archives;

/// <summary>Lets blocking code that reads a stream stop when nobody wants the result any more.</summary>
internal sealed class CancellableReads(Stream input, CancellationToken cancellation) : ReadOnlyStream
{
    public override int Read(Span<byte> buffer)
    {
        cancellation.ThrowIfCancellationRequested();
        return input.Read(buffer);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            input.Dispose();
        }

        base.Dispose(disposing);
    }
}
