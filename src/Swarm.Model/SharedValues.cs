using System.Buffers;
using MessagePack;
using MessagePack.Formatters;

namespace Swarm.Model;

/// <summary>
/// The values last read into [Shared] properties, by their bytes: a cache of fixed size in which a newer value takes an older one's place. Values are
/// immutable and entries are swapped whole, so that any thread may read.
/// </summary>
internal static class SharedValues<T> where T : class
{
    /// <summary>Values kept; a power of two.</summary>
    private const int Capacity = 4096;

    /// <summary>Bytes of a value that is worth keeping: the cache stays below 16 MiB, whatever is written.</summary>
    private const int MaxBytes = 4096;

    private static readonly Entry?[] Entries = new Entry?[Capacity];

    /// <summary>Reads the value at the reader, from the cache if it was read before.</summary>
    internal static T? Read(ref MessagePackReader reader, IMessagePackFormatter<T?> formatter, MessagePackSerializerOptions options)
    {
        var ahead = reader.CreatePeekReader();
        ahead.Skip();
        var bytes = reader.Sequence.Slice(reader.Position, ahead.Position);
        if (bytes.Length > MaxBytes || !bytes.IsSingleSegment)
        {
            return formatter.Deserialize(ref reader, options);
        }

        var span = bytes.FirstSpan;
        var hash = new HashCode();
        hash.AddBytes(span);
        ref var entry = ref Entries[hash.ToHashCode() & (Capacity - 1)];
        if (Volatile.Read(ref entry) is { } found && span.SequenceEqual(found.Bytes))
        {
            reader = ahead;
            return found.Value;
        }

        var value = formatter.Deserialize(ref reader, options);
        if (value is not null)
        {
            Volatile.Write(ref entry, new Entry(span.ToArray(), value));
        }

        return value;
    }

    private sealed record Entry(byte[] Bytes, T Value);
}
