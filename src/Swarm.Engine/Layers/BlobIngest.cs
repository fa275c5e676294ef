using System.Security.Cryptography;
using Swarm.Linux;
using Swarm.Registry;

namespace Swarm.Engine.Layers;

/// <summary>A blob on its way into a <see cref="BlobStore"/>. Owned by one thread.</summary>
public sealed class BlobIngest : IDisposable
{
    private const int BufferSize = 256 * 1024;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly FileStream _file;
    private readonly string _path;
    private readonly string _folder;
    private readonly long _limit;
    private bool _committed;

    internal BlobIngest(string path, string folder, long limit)
    {
        _path = path;
        _folder = folder;
        _limit = limit;
        _file = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = BufferSize });
    }

    public long Count { get; private set; }

    /// <exception cref="InvalidDataException">Beyond the limit.</exception>
    public void Append(ReadOnlySpan<byte> chunk)
    {
        Count += chunk.Length;
        if (Count > _limit)
        {
            throw new InvalidDataException($"blob has more than {_limit} bytes");
        }

        _hash.AppendData(chunk);
        _file.Write(chunk);
    }

    /// <summary>Makes the blob durable under its digest.</summary>
    /// <exception cref="InvalidDataException">It is not the <paramref name="expected"/> one.</exception>
    public Digest Commit(Digest expected) => Commit(digest =>
    {
        if (expected != digest)
        {
            throw new InvalidDataException($"blob is {digest}, expected {expected}");
        }
    });

    /// <summary>Makes the blob durable under its digest.</summary>
    /// <param name="before">Told the digest before the blob can be seen, so as to hold or to refuse it.</param>
    public Digest Commit(Action<Digest> before)
    {
        var digest = Digest.FromHash(_hash.GetHashAndReset());
        before(digest);
        _file.Flush();
        DurableFile.Sync(_file.SafeFileHandle);
        DurableFile.Replace(_path, Path.Combine(_folder, digest.Hex));
        _committed = true;
        return digest;
    }

    public void Dispose()
    {
        _file.Dispose();
        _hash.Dispose();
        if (!_committed)
        {
            File.Delete(_path);
        }
    }
}
