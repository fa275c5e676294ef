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
    internal const byte End = 0;
    internal const int RowFields = 6;

    /// <summary>Parts that wait to be decoded or to be taken.</summary>
    private const int MaxDecoding = 16;

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
        var decoding = new Queue<Task<List<DecodedRow>>>();
        for (var ended = false; !ended;)
        {
            var rows = new SnapshotRows(format == FirstFormat);
            ended = !rows.Fill(buffered);
            decoding.Enqueue(Task.Run(rows.Decode));
            while (decoding.Count > (ended ? 0 : MaxDecoding))
            {
                decoding.Dequeue().GetAwaiter().GetResult().ForEach(view.Add);
            }
        }

        return view.Build(index);
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
}
