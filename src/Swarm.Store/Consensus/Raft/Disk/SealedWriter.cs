using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Swarm.Store.Consensus.Raft.Disk;

/// <summary>
/// Writes a file of any length, once, encrypted: <see cref="SealedHeader"/>, then chunks of <see cref="ChunkSize"/> bytes (the last one shorter or
/// equal) sealed with AES-GCM under the file's own key, each followed by its tag. The nonce is the chunk's number, and whether it is the last one
/// is associated data, so that chunks cannot be swapped and the end cannot be cut off.
/// </summary>
internal sealed class SealedWriter : Stream
{
    internal const int ChunkSize = 64 << 10;
    internal const int TagSize = 16;

    /// <summary>Bytes between two syncs: one sync of it all at the end would make the log's own wait behind it.</summary>
    private const int SyncEvery = 4 << 20;

    private readonly IDiskFile _file;
    private readonly AesGcm _cipher;
    private readonly byte[] _chunk = new byte[ChunkSize];
    private readonly byte[] _sealed = new byte[ChunkSize + TagSize];
    private int _filled;
    private long _number;
    private long _position;
    private long _unsynced;

    internal SealedWriter(IDiskFile file, ReadOnlySpan<byte> magic, long index, long term, DataKeys keys)
    {
        _file = file;
        var key = DataKeys.NewFileKey();
        _cipher = new AesGcm(key, TagSize);
        file.Write(SealedHeader.Create(magic, index, term, key, keys.Current), 0);
        _position = SealedHeader.Size;
    }

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();

    /// <summary>Bytes taken so far.</summary>
    public override long Position { get => (_number * ChunkSize) + _filled; set => throw new NotSupportedException(); }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            // A full chunk waits for what follows: it may be the last.
            if (_filled == ChunkSize)
            {
                Seal(last: false);
            }

            var taken = Math.Min(buffer.Length, ChunkSize - _filled);
            buffer[..taken].CopyTo(_chunk.AsSpan(_filled));
            _filled += taken;
            buffer = buffer[taken..];
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <summary>Writes the end and syncs; only then the file is whole.</summary>
    internal void Complete()
    {
        Seal(last: true);
        _file.Sync();
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    internal static void Describe(long number, bool last, Span<byte> nonce, Span<byte> associated)
    {
        nonce.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(nonce, number);
        associated[0] = last ? (byte)1 : (byte)0;
    }

    protected override void Dispose(bool disposing)
    {
        _cipher.Dispose();
        _file.Dispose();
        base.Dispose(disposing);
    }

    private void Seal(bool last)
    {
        Span<byte> nonce = stackalloc byte[12];
        Span<byte> associated = stackalloc byte[1];
        Describe(_number, last, nonce, associated);
        _cipher.Encrypt(nonce, _chunk.AsSpan(0, _filled), _sealed.AsSpan(0, _filled), _sealed.AsSpan(_filled, TagSize), associated);
        _file.Write(_sealed.AsSpan(0, _filled + TagSize), _position);
        _position += _filled + TagSize;
        _unsynced += _filled;
        _filled = 0;
        _number++;
        if (_unsynced >= SyncEvery)
        {
            _file.Sync();
            _unsynced = 0;
        }
    }
}
