using System.Collections.Immutable;

namespace Swarm.Engine.Archives;

/// <summary>
/// Reads a tar stream forward: ustar, GNU long names and base-256 numbers, and PAX with binary extended attributes (SCHILY.xattr).
/// Everything that the archive says is checked and bounded.
/// </summary>
public sealed class TarReader(Stream input, TarLimits? limits = null)
{
    private const int BlockSize = 512;
    private const int BufferSize = 256 * 1024;

    private readonly TarLimits _limits = limits ?? TarLimits.Default;
    private readonly byte[] _buffer = new byte[BufferSize];
    private int _start;
    private int _end;
    private long _content;
    private int _padding;
    private long _entries;
    private long _total;

    /// <summary>The next member, after skipping what is left of the current one; null at the end of the archive.</summary>
    /// <exception cref="InvalidDataException">Not a tar archive, cut short, or beyond a limit.</exception>
    public TarEntry? Next()
    {
        SkipContent();
        var extended = new PaxRecords();
        byte[]? longName = null, longLink = null;
        while (true)
        {
            if (!TryReadBlock(out var block) || block.IndexOfAnyExcept((byte)0) < 0)
            {
                return null;
            }

            if (++_entries > _limits.Entries)
            {
                throw new InvalidDataException($"tar archive has more than {_limits.Entries} members");
            }

            var header = TarHeader.Parse(block);
            switch (header.TypeFlag)
            {
                case (byte)'x':
                    extended.Parse(ReadSpecial(header.Size));
                    break;
                case (byte)'L':
                    longName = UntilNul(ReadSpecial(header.Size));
                    break;
                case (byte)'K':
                    longLink = UntilNul(ReadSpecial(header.Size));
                    break;
                case (byte)'g' or (byte)'V':
                    ReadSpecial(header.Size);
                    break;
                default:
                    return Begin(header, extended, longName, longLink);
            }
        }
    }

    /// <summary>Some more bytes of the current member, valid until the next call; empty at its end.</summary>
    public ReadOnlySpan<byte> ReadContent()
    {
        if (_content == 0)
        {
            return default;
        }

        if (_start == _end && !Fill())
        {
            throw Truncated();
        }

        var length = (int)Math.Min(_end - _start, _content);
        var span = _buffer.AsSpan(_start, length);
        _start += length;
        _content -= length;
        return span;
    }

    /// <summary>The whole of a small member.</summary>
    /// <exception cref="InvalidDataException">It is larger than <paramref name="limit"/>.</exception>
    public byte[] ReadAll(int limit)
    {
        if (_content > limit)
        {
            throw new InvalidDataException($"archive member has {_content} bytes, {limit} are allowed");
        }

        var bytes = new byte[_content];
        var at = 0;
        for (var chunk = ReadContent(); !chunk.IsEmpty; chunk = ReadContent())
        {
            chunk.CopyTo(bytes.AsSpan(at));
            at += chunk.Length;
        }

        return bytes;
    }

    /// <summary>Reads what follows the end of the archive, so that a digest of the stream covers it.</summary>
    public void Drain()
    {
        SkipContent();
        long trailing = _end - _start;
        while (Fill())
        {
            trailing += _end - _start;
            if (trailing > _limits.TotalBytes)
            {
                throw new InvalidDataException("too many bytes after the end of the tar archive");
            }
        }
    }

    private TarEntry Begin(TarHeader header, PaxRecords extended, byte[]? longName, byte[]? longLink)
    {
        var name = extended.Path ?? longName ?? header.Name;
        var type = header.EntryType(name);
        var size = extended.Size ?? header.Size;
        if (size < 0 || size > _limits.TotalBytes - _total)
        {
            throw new InvalidDataException($"tar archive holds more than {_limits.TotalBytes} bytes");
        }

        // Some writers give links a size although nothing follows (POSIX: shall be zero for a symbolic link, ignored for others).
        if (type != TarEntryType.File)
        {
            size = 0;
        }

        _total += size;
        _content = size;
        _padding = (int)(-size & (BlockSize - 1));
        return new TarEntry
        {
            Type = type,
            Name = TrimSlashes(name),
            LinkName = extended.LinkPath ?? longLink ?? header.LinkName,
            Mode = header.Mode & 0xFFF,
            Uid = Id(extended.Uid ?? header.Uid),
            Gid = Id(extended.Gid ?? header.Gid),
            Size = size,
            Modified = extended.Modified ?? new TarTime(header.Modified),
            DeviceMajor = header.DeviceMajor,
            DeviceMinor = header.DeviceMinor,
            ExtendedAttributes = extended.Attributes.ToImmutable(),
        };
    }

    private static uint Id(long value) => value is >= 0 and <= uint.MaxValue
        ? (uint)value
        : throw new InvalidDataException($"tar archive: {value} is not a user or group id");

    private static byte[] TrimSlashes(byte[] name) => name.AsSpan().TrimEnd((byte)'/').ToArray();

    private static byte[] UntilNul(byte[] value)
    {
        var end = Array.IndexOf(value, (byte)0);
        return end < 0 ? value : value[..end];
    }

    private byte[] ReadSpecial(long size)
    {
        if (size < 0 || size > _limits.HeaderBytes)
        {
            throw new InvalidDataException($"tar archive: an extended header of {size} bytes, {_limits.HeaderBytes} are allowed");
        }

        _content = size;
        _padding = (int)(-size & (BlockSize - 1));
        var bytes = ReadAll(_limits.HeaderBytes);
        SkipContent();
        return bytes;
    }

    private void SkipContent()
    {
        while (!ReadContent().IsEmpty)
        {
        }

        _content = _padding;
        _padding = 0;
        while (!ReadContent().IsEmpty)
        {
        }
    }

    private bool TryReadBlock(out ReadOnlySpan<byte> block)
    {
        while (_end - _start < BlockSize)
        {
            if (!Fill())
            {
                block = default;
                return _start == _end ? false : throw Truncated();
            }
        }

        block = _buffer.AsSpan(_start, BlockSize);
        _start += BlockSize;
        return true;
    }

    private bool Fill()
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }
        else if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        var read = input.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        return read > 0;
    }

    private static InvalidDataException Truncated() => new("unexpected EOF: the tar archive is cut short");
}
