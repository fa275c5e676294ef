using System.Buffers.Binary;
using Swarm.Model;

namespace Swarm.Store.Replication;

/// <summary>
/// The whole store as bytes: format (1 byte), index (little-endian 64-bit), then every record as table (1 byte), length (little-endian 32-bit) and
/// its MessagePack; table 0 ends it. Whoever stores or sends it adds the checksum.
/// </summary>
internal static class StoreSnapshot
{
    private const byte Format = 1;
    private const byte End = 0;

    /// <summary>Largest record, bytes: what one entry of the log can hold, and room to grow.</summary>
    private const int MaxRecord = 16 << 20;

    internal static void Write(StoreView view, Stream output)
    {
        using var buffered = new BufferedStream(output, 1 << 16);
        Span<byte> head = stackalloc byte[9];
        head[0] = Format;
        BinaryPrimitives.WriteInt64LittleEndian(head[1..], view.Index);
        buffered.Write(head);
        foreach (var record in view.All())
        {
            var body = Records.Serialize(record);
            head[0] = (byte)record.Table;
            BinaryPrimitives.WriteInt32LittleEndian(head[1..], body.Length);
            buffered.Write(head[..5]);
            buffered.Write(body);
        }

        buffered.WriteByte(End);
        buffered.Flush();
    }

    /// <exception cref="InvalidDataException">The bytes are not a snapshot of this version.</exception>
    /// <exception cref="EndOfStreamException">It is cut short.</exception>
    internal static StoreView Read(Stream input)
    {
        using var buffered = new BufferedStream(input, 1 << 16);
        Span<byte> head = stackalloc byte[9];
        buffered.ReadExactly(head);
        if (head[0] != Format)
        {
            throw new InvalidDataException($"a snapshot of format {head[0]} cannot be read by this version");
        }

        var view = StoreView.Empty with { Index = BinaryPrimitives.ReadInt64LittleEndian(head[1..]) };
        while (true)
        {
            buffered.ReadExactly(head[..1]);
            if (head[0] == End)
            {
                return view;
            }

            var table = (TableKind)head[0];
            buffered.ReadExactly(head[..4]);
            var length = BinaryPrimitives.ReadInt32LittleEndian(head);
            if (length is < 0 or > MaxRecord)
            {
                throw new InvalidDataException("a snapshot holds a record of impossible length");
            }

            var body = new byte[length];
            buffered.ReadExactly(body);
            view = view.With(Records.Deserialize(table, body));
        }
    }
}
