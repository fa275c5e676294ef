using System.Collections.Immutable;
using System.Text;

namespace Swarm.Engine.Archives;

/// <summary>The records of a PAX extended header (POSIX.1-2017, pax, "pax Extended Header"): "LENGTH KEY=VALUE\n", values are bytes.</summary>
internal sealed class PaxRecords
{
    public const string AttributePrefix = "SCHILY.xattr.";

    public byte[]? Path { get; private set; }
    public byte[]? LinkPath { get; private set; }
    public long? Size { get; private set; }
    public long? Uid { get; private set; }
    public long? Gid { get; private set; }
    public TarTime? Modified { get; private set; }
    public ImmutableArray<TarAttribute>.Builder Attributes { get; } = ImmutableArray.CreateBuilder<TarAttribute>();

    public void Parse(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            var space = data.IndexOf((byte)' ');
            if (space is < 1 or > 10 || !TryNumber(data[..space], out var length) || length <= space + 1 || length > data.Length)
            {
                throw new InvalidDataException("invalid PAX header: a record's length cannot be read");
            }

            var record = data[(space + 1)..(int)length];
            var equals = record.IndexOf((byte)'=');
            if (equals < 1 || record[^1] != '\n')
            {
                throw new InvalidDataException("invalid PAX header: a record has no key or no end");
            }

            Apply(Encoding.UTF8.GetString(record[..equals]), record[(equals + 1)..^1]);
            data = data[(int)length..];
        }
    }

    private void Apply(string key, ReadOnlySpan<byte> value)
    {
        switch (key)
        {
            case "path":
                Path = Name(key, value);
                break;
            case "linkpath":
                LinkPath = Name(key, value);
                break;
            case "size":
                Size = Number(key, value);
                break;
            case "uid":
                Uid = Number(key, value);
                break;
            case "gid":
                Gid = Number(key, value);
                break;
            case "mtime":
                Modified = Time(value);
                break;
            case var _ when key.StartsWith(AttributePrefix, StringComparison.Ordinal):
                Attributes.Add(new TarAttribute(key[AttributePrefix.Length..], value.ToArray()));
                break;
            case var _ when key.StartsWith("GNU.sparse.", StringComparison.Ordinal):
                throw new InvalidDataException("sparse tar members are not supported: write the archive without --sparse");
        }
    }

    private static byte[]? Name(string key, ReadOnlySpan<byte> value) => value.IndexOf((byte)0) < 0
        ? value.IsEmpty ? null : value.ToArray()
        : throw new InvalidDataException($"invalid PAX header: {key} has a zero byte");

    private static long Number(string key, ReadOnlySpan<byte> value) =>
        TryNumber(value, out var number) ? number : throw new InvalidDataException($"invalid PAX header: {key} is not a number");

    private static bool TryNumber(ReadOnlySpan<byte> text, out long number) =>
        long.TryParse(text, System.Globalization.NumberStyles.None, null, out number);

    /// <summary>Seconds with a decimal fraction, of which nine digits count.</summary>
    private static TarTime Time(ReadOnlySpan<byte> value)
    {
        var dot = value.IndexOf((byte)'.');
        var whole = dot < 0 ? value : value[..dot];
        if (!long.TryParse(whole, System.Globalization.NumberStyles.AllowLeadingSign, null, out var seconds))
        {
            throw new InvalidDataException("invalid PAX header: mtime is not a number");
        }

        if (dot < 0)
        {
            return new TarTime(seconds);
        }

        var nanoseconds = 0;
        for (var i = 0; i < 9; i++)
        {
            var digit = dot + 1 + i < value.Length ? value[dot + 1 + i] - '0' : 0;
            nanoseconds = digit is >= 0 and <= 9
                ? nanoseconds * 10 + digit
                : throw new InvalidDataException("invalid PAX header: mtime is not a number");
        }

        return whole[0] == '-' && nanoseconds > 0 ? new TarTime(seconds - 1, 1_000_000_000 - nanoseconds) : new TarTime(seconds, nanoseconds);
    }
}
