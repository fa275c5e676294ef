namespace Swarm.Engine.Layers;

/// <summary>A blob's ingest as a stream to write a tar archive to.</summary>
internal sealed class IngestStream(BlobIngest ingest, CancellationToken cancellation) : Stream
{
    private bool _onlyZeros = true;

    /// <summary>Whether what was written is the end of an archive and nothing before it.</summary>
    public bool IsEmptyArchive => _onlyZeros;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => ingest.Count;

    public override long Position
    {
        get => ingest.Count;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        cancellation.ThrowIfCancellationRequested();
        _onlyZeros = _onlyZeros && buffer.IndexOfAnyExcept((byte)0) < 0;
        ingest.Append(buffer);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
