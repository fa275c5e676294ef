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

    /// <summary>What was read last is, as a rule, what is read and written next.</summary>
    private static Entry? last;

    /// <summary>Reads the value at the reader, from the cache if it was read before.</summary>
    internal static T? Read(ref MessagePackReader reader, IMessagePackFormatter<T?> formatter, MessagePackSerializerOptions options)
    {
        // No value's bytes begin another's.
        if (Volatile.Read(ref last) is { } again && reader.Sequence.Slice(reader.Position).FirstSpan.StartsWith(again.Bytes))
        {
            reader.ReadRaw(again.Bytes.Length);
            return again.Value;
        }

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
            Volatile.Write(ref last, found);
            reader = ahead;
            return found.Value;
        }

        var value = formatter.Deserialize(ref reader, options);
        if (value is not null)
        {
            var made = new Entry(span.ToArray(), value, typeof(T) != typeof(string) && Codec.IsWrittenAs(value, span));
            Volatile.Write(ref entry, made);
            Volatile.Write(ref last, made);
        }

        return value;
    }

    /// <summary>Writes the bytes that the formatter writes, without it for the value that was read last.</summary>
    internal static void Write(ref MessagePackWriter writer, T? value, IMessagePackFormatter<T?> formatter, MessagePackSerializerOptions options)
    {
        if (value is not null && Volatile.Read(ref last) is { } again && ReferenceEquals(again.Value, value) && again.IsWrittenSo)
        {
            writer.WriteRaw(again.Bytes);
            return;
        }

        formatter.Serialize(ref writer, value, options);
    }

    /// <param name="IsWrittenSo">The formatter writes the value as these bytes; another version may have written it in others.</param>
    private sealed record Entry(byte[] Bytes, T Value, bool IsWrittenSo);
}
