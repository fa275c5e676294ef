using System.Security.Cryptography;
using Swarm.Registry;

namespace Swarm.Engine.Archives;

/// <summary>Hashes and counts what is read through it, and stops at a bound.</summary>
internal sealed class DigestingStream(Stream input, long limit = long.MaxValue) : ReadOnlyStream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public long Count { get; private set; }

    /// <summary>Of what was read so far.</summary>
    public Digest Current => Digest.FromHash(_hash.GetCurrentHash());

    public override long Position
    {
        get => Count;
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer) => Account(buffer, input.Read(buffer));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await input.ReadAsync(buffer, cancellationToken);
        return Account(buffer.Span, read);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
            input.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Account(ReadOnlySpan<byte> buffer, int read)
    {
        _hash.AppendData(buffer[..read]);
        Count += read;
        return Count <= limit ? read : throw new InvalidDataException($"more than {limit} bytes");
    }
}
