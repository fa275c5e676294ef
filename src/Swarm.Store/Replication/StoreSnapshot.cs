using System.Buffers;
using System.Buffers.Binary;
using MessagePack;
using Swarm.Model;

namespace Swarm.Store.Replication;

/// <summary>
/// The whole store as bytes: format (1 byte), index (little-endian 64-bit), then every object as table (1 byte), length (little-endian 32-bit) and
/// that many bytes of MessagePack; table 0 ends it. In format 2 these are id, version, created, updated (ticks, UTC), unique name or nil, and the
/// record as its writer wrote it; in format 1 the record alone. Whoever stores or sends it adds the checksum. Two replicas that have applied the
/// same entries write the same bytes, whatever their versions (docs/decisions/0011-how-a-format-changes.md).
/// </summary>
internal static class StoreSnapshot
{
    private const byte FirstFormat = 1;
    private const byte Format = 2;
    private const byte End = 0;
    private const int RowFields = 6;

    /// <summary>Largest object, bytes: what one entry of the log can hold, and room to grow.</summary>
    private const int MaxRow = 16 << 20;

    internal static void Write(StoreView view, Stream output)
    {
        var buffered = new BufferedStream(output, 1 << 16);
        Span<byte> head = stackalloc byte[9];
        head[0] = Format;
        BinaryPrimitives.WriteInt64LittleEndian(head[1..], view.Index);
        buffered.Write(head);
        var body = new ArrayBufferWriter<byte>(1 << 12);
        foreach (var row in view.Rows())
        {
            body.ResetWrittenCount();
            Write(body, row);
            head[0] = (byte)row.Table;
            BinaryPrimitives.WriteInt32LittleEndian(head[1..], body.WrittenCount);
            buffered.Write(head[..5]);
            buffered.Write(body.WrittenSpan);
        }

        buffered.WriteByte(End);
        buffered.Flush();
    }

    /// <exception cref="InvalidDataException">The bytes are not a snapshot of this version.</exception>
    /// <exception cref="EndOfStreamException">It is cut short.</exception>
    internal static StoreView Read(Stream input)
    {
        var buffered = new BufferedStream(input, 1 << 16);
        Span<byte> head = stackalloc byte[9];
        buffered.ReadExactly(head);
        var format = head[0];
        if (format is not (FirstFormat or Format))
        {
            throw new InvalidDataException($"a snapshot of format {format} cannot be read by this version");
        }

        var index = BinaryPrimitives.ReadInt64LittleEndian(head[1..]);
        var view = new StoreView.Builder();
        var buffer = new byte[1 << 12];
        while (true)
        {
            buffered.ReadExactly(head[..1]);
            if (head[0] == End)
            {
                return view.Build(index);
            }

            var table = (TableKind)head[0];
            buffered.ReadExactly(head[..4]);
            var length = BinaryPrimitives.ReadInt32LittleEndian(head);
            if (length is < 0 or > MaxRow)
            {
                throw new InvalidDataException("a snapshot holds an object of impossible length");
            }

            if (length > buffer.Length)
            {
                buffer = new byte[length];
            }

            buffered.ReadExactly(buffer, 0, length);
            var row = buffer.AsMemory(0, length);
            view.Add(format == FirstFormat ? Records.FromFirstVersion(table, row) : Read(table, row));
        }
    }

    private static void Write(ArrayBufferWriter<byte> output, StoredRow row)
    {
        var writer = new MessagePackWriter(output);
        writer.WriteArrayHeader(RowFields);
        writer.Write(row.Id);
        writer.Write(row.Version);
        writer.Write(row.CreatedAt.UtcTicks);
        writer.Write(row.UpdatedAt.UtcTicks);
        writer.Write(row.Name);
        writer.Write(row.Body);
        writer.Flush();
    }

    private static StoredRow Read(TableKind table, ReadOnlyMemory<byte> bytes)
    {
        var reader = new MessagePackReader(bytes);
        if (reader.ReadArrayHeader() != RowFields)
        {
            throw new InvalidDataException("a snapshot holds an object that is not of its format");
        }

        return new StoredRow
        {
            Table = table,
            Id = reader.ReadString() ?? "",
            Version = reader.ReadInt64(),
            CreatedAt = new DateTimeOffset(reader.ReadInt64(), TimeSpan.Zero),
            UpdatedAt = new DateTimeOffset(reader.ReadInt64(), TimeSpan.Zero),
            Name = reader.ReadString(),
            Body = reader.ReadBytes()?.ToArray() ?? [],
        };
    }
}
