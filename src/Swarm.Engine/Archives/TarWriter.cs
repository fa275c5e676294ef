using System.Globalization;
using System.Text;

namespace Swarm.Engine.Archives;

/// <summary>
/// Writes ustar headers, with a PAX header before those whose values do not fit (long or non-ASCII names, large numbers, fractions of a
/// second, extended attributes). The same entries always give the same bytes.
/// </summary>
public sealed class TarWriter(Stream output)
{
    private const int BlockSize = 512;
    private const long MaxOctal8 = (1L << 21) - 1;
    private const long MaxOctal12 = (1L << 33) - 1;

    private static readonly byte[] Zeros = new byte[2 * BlockSize];
    private readonly byte[] _block = new byte[BlockSize];
    private long _left;
    private int _padding;

    /// <summary>Begins a member; exactly <see cref="TarEntry.Size"/> bytes must follow by <see cref="WriteContent"/>.</summary>
    public void Write(TarEntry entry)
    {
        EndContent();
        var name = entry.Type == TarEntryType.Directory ? [.. entry.Name, (byte)'/'] : entry.Name;
        var records = Records(entry, name);
        if (records.Length > 0)
        {
            WriteHeader((byte)'x', "PaxHeaders/entry"u8, [], 0x1A4, 0, 0, records.Length, 0, 0, 0);
            _left = records.Length;
            _padding = Padding(records.Length);
            WriteContent(records);
            EndContent();
        }

        WriteHeader(
            (byte)entry.Type,
            name,
            entry.LinkName,
            entry.Mode,
            entry.Uid,
            entry.Gid,
            entry.Size,
            entry.Modified.Seconds,
            entry.DeviceMajor,
            entry.DeviceMinor);
        _left = entry.Size;
        _padding = Padding(entry.Size);
    }

    /// <summary>A small file in one call.</summary>
    public void Write(TarEntry entry, ReadOnlySpan<byte> content)
    {
        Write(entry with { Size = content.Length });
        WriteContent(content);
    }

    public void WriteContent(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _left)
        {
            throw new InvalidOperationException($"{bytes.Length - _left} bytes more than the member's header says");
        }

        output.Write(bytes);
        _left -= bytes.Length;
    }

    /// <summary>Writes the end of the archive. The stream stays open.</summary>
    public void Finish()
    {
        EndContent();
        output.Write(Zeros);
    }

    private void EndContent()
    {
        if (_left != 0)
        {
            throw new InvalidOperationException($"{_left} bytes of the member are missing");
        }

        output.Write(Zeros.AsSpan(0, _padding));
        _padding = 0;
    }

    private static int Padding(long size) => (int)(-size & (BlockSize - 1));

    private static byte[] Records(TarEntry entry, ReadOnlySpan<byte> name)
    {
        using var records = new MemoryStream();
        if (name.Length > 100 || !Ascii.IsValid(name))
        {
            Add("path", name);
        }

        if (entry.LinkName.Length > 100 || !Ascii.IsValid(entry.LinkName))
        {
            Add("linkpath", entry.LinkName);
        }

        AddNumber("size", entry.Size, MaxOctal12);
        AddNumber("uid", entry.Uid, MaxOctal8);
        AddNumber("gid", entry.Gid, MaxOctal8);
        if (entry.Modified.Nanoseconds != 0 || entry.Modified.Seconds is < 0 or > MaxOctal12)
        {
            Add("mtime", Encoding.ASCII.GetBytes(Time(entry.Modified)));
        }

        foreach (var attribute in entry.ExtendedAttributes)
        {
            Add(PaxRecords.AttributePrefix + attribute.Name, attribute.Value);
        }

        return records.ToArray();

        void AddNumber(string key, long value, long max)
        {
            if (value > max)
            {
                Add(key, Encoding.ASCII.GetBytes(value.ToString(CultureInfo.InvariantCulture)));
            }
        }

        void Add(string key, ReadOnlySpan<byte> value)
        {
            var keyBytes = Encoding.UTF8.GetBytes(key);
            var rest = keyBytes.Length + value.Length + 3;

            // The length counts its own digits.
            var length = rest + Digits(rest);
            length = rest + Digits(length);
            records.Write(Encoding.ASCII.GetBytes(length.ToString(CultureInfo.InvariantCulture) + " "));
            records.Write(keyBytes);
            records.Write("="u8);
            records.Write(value);
            records.Write("\n"u8);
        }
    }

    private static int Digits(int value) => value.ToString(CultureInfo.InvariantCulture).Length;

    private static string Time(TarTime time)
    {
        // POSIX writes the sign before seconds and fraction together: 1.5 s before the epoch is -1.5.
        var (sign, seconds, nanoseconds) = time is { Seconds: < 0, Nanoseconds: > 0 }
            ? ("-", -(time.Seconds + 1), 1_000_000_000 - time.Nanoseconds)
            : (time.Seconds < 0 ? "-" : "", Math.Abs(time.Seconds), time.Nanoseconds);
        return nanoseconds == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{sign}{seconds}")
            : string.Create(CultureInfo.InvariantCulture, $"{sign}{seconds}.{nanoseconds:D9}");
    }

    private void WriteHeader(
        byte type, ReadOnlySpan<byte> name, ReadOnlySpan<byte> link, int mode, long uid, long gid, long size, long modified, uint major, uint minor)
    {
        var block = _block.AsSpan();
        block.Clear();
        name[..Math.Min(name.Length, 100)].CopyTo(block);
        Octal(block.Slice(100, 8), mode);
        Octal(block.Slice(108, 8), Math.Min(uid, MaxOctal8));
        Octal(block.Slice(116, 8), Math.Min(gid, MaxOctal8));
        Octal(block.Slice(124, 12), Math.Min(size, MaxOctal12));
        Octal(block.Slice(136, 12), Math.Clamp(modified, 0, MaxOctal12));
        block[156] = type;
        link[..Math.Min(link.Length, 100)].CopyTo(block[157..]);
        "ustar\000"u8.CopyTo(block[257..]);
        Octal(block.Slice(329, 8), major);
        Octal(block.Slice(337, 8), minor);
        Octal(block.Slice(148, 7), TarHeader.Checksum(block, signed: false));
        block[155] = (byte)' ';
        output.Write(block);
    }

    private static void Octal(Span<byte> field, long value)
    {
        for (var i = field.Length - 2; i >= 0; i--)
        {
            field[i] = (byte)('0' + (value & 7));
            value >>= 3;
        }
    }
}
