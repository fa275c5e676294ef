namespace Swarm.Engine.Archives;

/// <summary>The 512 byte header block: POSIX ustar, with what GNU tar makes of it.</summary>
internal readonly struct TarHeader
{
    public required byte TypeFlag { get; init; }
    public required byte[] Name { get; init; }
    public required byte[] LinkName { get; init; }
    public required int Mode { get; init; }
    public required long Uid { get; init; }
    public required long Gid { get; init; }
    public required long Size { get; init; }
    public required long Modified { get; init; }
    public uint DeviceMajor { get; init; }
    public uint DeviceMinor { get; init; }

    public static TarHeader Parse(ReadOnlySpan<byte> block)
    {
        if (Number(block.Slice(148, 8)) is var sum && sum != Checksum(block, signed: false) && sum != Checksum(block, signed: true))
        {
            throw new InvalidDataException("invalid tar header: wrong checksum");
        }

        var magic = block.Slice(257, 8);
        var posix = magic.StartsWith("ustar\0"u8);
        var devices = posix || magic.StartsWith("ustar "u8);
        var name = Text(block[..100]);
        var prefix = posix ? Text(block.Slice(345, 155)) : [];
        return new TarHeader
        {
            TypeFlag = block[156],
            Name = prefix.Length == 0 ? name : [.. prefix, (byte)'/', .. name],
            LinkName = Text(block.Slice(157, 100)),
            Mode = (int)Number(block.Slice(100, 8)),
            Uid = Number(block.Slice(108, 8)),
            Gid = Number(block.Slice(116, 8)),
            Size = Number(block.Slice(124, 12)),
            Modified = Number(block.Slice(136, 12)),
            DeviceMajor = devices ? (uint)Number(block.Slice(329, 8)) : 0,
            DeviceMinor = devices ? (uint)Number(block.Slice(337, 8)) : 0,
        };
    }

    public TarEntryType EntryType(byte[] name) => TypeFlag switch
    {
        // Before ustar a folder was a file whose name ends in a slash.
        0 or (byte)'0' or (byte)'7' => name is [.., (byte)'/'] ? TarEntryType.Directory : TarEntryType.File,
        >= (byte)'1' and <= (byte)'6' => (TarEntryType)TypeFlag,
        (byte)'S' => throw new InvalidDataException("sparse tar members are not supported: write the archive without --sparse"),
        _ => throw new InvalidDataException($"unhandled tar header type {TypeFlag}"),
    };

    /// <summary>Sum of all bytes, the checksum's own counted as spaces. Old writers summed signed chars.</summary>
    public static long Checksum(ReadOnlySpan<byte> block, bool signed)
    {
        long sum = 8 * ' ';
        for (var i = 0; i < block.Length; i++)
        {
            if (i is < 148 or >= 156)
            {
                sum += signed ? (sbyte)block[i] : block[i];
            }
        }

        return sum;
    }

    private static byte[] Text(ReadOnlySpan<byte> field)
    {
        var end = field.IndexOf((byte)0);
        return (end < 0 ? field : field[..end]).ToArray();
    }

    /// <summary>Octal text, or GNU's base 256: two's complement, big endian, marked by the first bit.</summary>
    private static long Number(ReadOnlySpan<byte> field)
    {
        if ((field[0] & 0x80) != 0)
        {
            Int128 wide = (field[0] & 0x40) != 0 ? -1 : 0;
            wide = (wide << 6) | (byte)(field[0] & 0x3F);
            foreach (var digit in field[1..])
            {
                wide = (wide << 8) | digit;
            }

            return wide >= long.MinValue && wide <= long.MaxValue ? (long)wide : throw Invalid();
        }

        long value = 0;
        foreach (var digit in field.Trim(" \0"u8))
        {
            if (digit is < (byte)'0' or > (byte)'7' || value > long.MaxValue >> 3)
            {
                throw Invalid();
            }

            value = (value << 3) | (uint)(digit - '0');
        }

        return value;
    }

    private static InvalidDataException Invalid() => new("invalid tar header: a number cannot be read");
}
