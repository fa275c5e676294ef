using System.Buffers;
using MessagePack;

namespace Swarm.Model;

/// <summary>The values that follow the last key this version knows, as MessagePack and in their order. Never shown: they may be secret.</summary>
public sealed class UnknownFields : IEquatable<UnknownFields>
{
    private readonly int _count;
    private readonly byte[] _values;

    private UnknownFields(int count, byte[] values)
    {
        _count = count;
        _values = values;
    }

    /// <summary>How many there are; zero for null.</summary>
    public static int CountOf(UnknownFields? fields) => fields?._count ?? 0;

    /// <summary>Takes the next <paramref name="count"/> values, whatever they are.</summary>
    public static UnknownFields Read(ref MessagePackReader reader, int count)
    {
        var start = reader.Position;
        for (var i = 0; i < count; i++)
        {
            reader.Skip();
        }

        return new UnknownFields(count, reader.Sequence.Slice(start, reader.Position).ToArray());
    }

    public void Write(ref MessagePackWriter writer) => writer.WriteRaw(_values);

    public bool Equals(UnknownFields? other) => other is not null && _count == other._count && _values.AsSpan().SequenceEqual(other._values);

    public override bool Equals(object? obj) => Equals(obj as UnknownFields);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(_values);
        return hash.ToHashCode();
    }

    public override string ToString() => $"{_count} fields of a newer version";
}
