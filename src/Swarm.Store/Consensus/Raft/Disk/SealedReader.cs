using System.Security.Cryptography;

namespace Swarm.Store.Consensus.Raft.Disk;

/// <summary>Reads what <see cref="SealedWriter"/> wrote, front to back; what comes out is proven, chunk by chunk.</summary>
/// <exception cref="InvalidDataException">From the constructor and every read: the file is damaged, cut short or another one.</exception>
internal sealed class SealedReader : Stream
{
    private const int SealedChunk = SealedWriter.ChunkSize + SealedWriter.TagSize;
    private readonly IDiskFile _file;
    private readonly string _name;
    private readonly AesGcm _cipher;
    private readonly byte[] _sealed = new byte[SealedChunk];
    private readonly byte[] _chunk = new byte[SealedWriter.ChunkSize];
    private readonly long _chunks;
    private readonly long _fileLength;
    private readonly long _end;
    private long _number;
    private int _filled;
    private int _taken;
    private long _position;

    /// <param name="withheld">Bytes at the end that are not given out.</param>
    internal SealedReader(IDiskFile file, string name, ReadOnlySpan<byte> magic, DataKeys keys, int withheld = 0)
    {
        _file = file;
        _name = name;
        byte[] key;
        (Index, Term, key) = SealedHeader.Read(file, name, magic, keys);
        _cipher = new AesGcm(key, SealedWriter.TagSize);
        _fileLength = file.Length;
        var content = _fileLength - SealedHeader.Size;
        _chunks = (content + SealedChunk - 1) / SealedChunk;
        _end = content - (_chunks * SealedWriter.TagSize) - withheld;
        if (_end < 0 || content < SealedWriter.TagSize)
        {
            throw Damaged();
        }
    }

    internal long Index { get; }

    internal long Term { get; }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;

    /// <summary>Of what is given out.</summary>
    public override long Length => _end;

    public override long Position { get => _position; set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty || _position == _end)
        {
            return 0;
        }

        if (_taken == _filled)
        {
            Fill();
        }

        var count = (int)Math.Min(Math.Min(buffer.Length, _filled - _taken), _end - _position);
        _chunk.AsSpan(_taken, count).CopyTo(buffer);
        _taken += count;
        _position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <summary>Reads to the end of the file, withheld bytes and all, so that every chunk is proven.</summary>
    internal void Drain()
    {
        while (_number < _chunks)
        {
            Fill();
        }
    }

    public override void Flush()
    {
    }

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _cipher.Dispose();
        _file.Dispose();
        base.Dispose(disposing);
    }

    private void Fill()
    {
        Span<byte> nonce = stackalloc byte[12];
        Span<byte> associated = stackalloc byte[1];
        var offset = SealedHeader.Size + (_number * SealedChunk);
        var length = (int)Math.Min(SealedChunk, _fileLength - offset) - SealedWriter.TagSize;
        if (length < 0 || _number >= _chunks || _file.Read(_sealed.AsSpan(0, length + SealedWriter.TagSize), offset) < length + SealedWriter.TagSize)
        {
            throw Damaged();
        }

        SealedWriter.Describe(_number, last: _number == _chunks - 1, nonce, associated);
        try
        {
            _cipher.Decrypt(nonce, _sealed.AsSpan(0, length), _sealed.AsSpan(length, SealedWriter.TagSize), _chunk.AsSpan(0, length), associated);
        }
        catch (AuthenticationTagMismatchException)
        {
            throw Damaged();
        }

        _number++;
        _filled = length;
        _taken = 0;
    }

    private InvalidDataException Damaged() => new($"{_name} is damaged");
}
