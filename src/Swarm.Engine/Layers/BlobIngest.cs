using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Swarm.Linux;
using Swarm.Registry;

namespace Swarm.Engine.Layers;

/// <summary>A blob on its way into a <see cref="BlobStore"/>. Owned by one thread.</summary>
public sealed class BlobIngest : IDisposable
{
    private const int BufferSize = 256 * 1024;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly SafeFileHandle _file;
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
    private readonly string _path;
    private readonly string _folder;
    private readonly long _limit;
    private int _buffered;
    private long _written;
    private bool _committed;

    internal BlobIngest(string path, string folder, long limit)
    {
        _path = path;
        _folder = folder;
        _limit = limit;
        _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
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
        while (!chunk.IsEmpty)
        {
            var count = Math.Min(chunk.Length, BufferSize - _buffered);
            chunk[..count].CopyTo(_buffer.AsSpan(_buffered));
            _buffered += count;
            chunk = chunk[count..];
            if (_buffered == BufferSize)
            {
                Flush();
            }
        }
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
        Flush();
        DurableFile.Sync(_file);
        DurableFile.Replace(_path, Path.Combine(_folder, digest.Hex));
        _committed = true;
        return digest;
    }

    /// <summary>What was not committed is gone, also from a disk that is full: nothing is written here.</summary>
    public void Dispose()
    {
        _file.Dispose();
        _hash.Dispose();
        ArrayPool<byte>.Shared.Return(_buffer);
        if (!_committed)
        {
            File.Delete(_path);
        }
    }

    private void Flush()
    {
        RandomAccess.Write(_file, _buffer.AsSpan(0, _buffered), _written);
        _written += _buffered;
        _buffered = 0;
    }
}
