using System.Buffers;
using System.Buffers.Binary;
using MessagePack;
using Swarm.Model;

namespace Swarm.Store.Replication;

/// <summary>
/// A part of a snapshot: read in its turn, decoded beside the reading of what follows and the decoding of other parts. On more than one processor a restart
/// waits for little else.
/// </summary>
internal sealed class SnapshotRows(bool ofFirstVersion)
{
    /// <summary>Bytes of a part, and one object more.</summary>
    private const int PartSize = 256 << 10;

    /// <summary>Largest object, bytes: what one entry of the log can hold, and room to grow.</summary>
    private const int MaxRow = 16 << 20;

    private readonly ArrayBufferWriter<byte> _bytes = new(PartSize + (8 << 10));
    private readonly List<(TableKind Table, int Length)> _rows = [];

    /// <summary>Reads the next rows. False: there are no more after them.</summary>
    /// <exception cref="InvalidDataException">The bytes are not those of a snapshot.</exception>
    /// <exception cref="EndOfStreamException">It is cut short.</exception>
    internal bool Fill(Stream input)
    {
        Span<byte> head = stackalloc byte[sizeof(int)];
        while (_bytes.WrittenCount < PartSize)
        {
            input.ReadExactly(head[..1]);
            var table = head[0];
            if (table == StoreSnapshot.End)
            {
                return false;
            }

            input.ReadExactly(head);
            var length = BinaryPrimitives.ReadInt32LittleEndian(head);
            if (length is < 0 or > MaxRow)
            {
                throw new InvalidDataException("a snapshot holds an object of impossible length");
            }

            input.ReadExactly(_bytes.GetSpan(length)[..length]);
            _bytes.Advance(length);
            _rows.Add(((TableKind)table, length));
        }

        return true;
    }

    /// <summary>In the order in which they were read.</summary>
    internal List<DecodedRow> Decode()
    {
        var decoded = new List<DecodedRow>(_rows.Count);
        var rest = _bytes.WrittenMemory;
        foreach (var (table, length) in _rows)
        {
            var row = ofFirstVersion ? Records.FromFirstVersion(table, rest[..length]) : Read(table, rest[..length]);
            decoded.Add(Records.Decode(row));
            rest = rest[length..];
        }

        return decoded;
    }

    private static StoredRow Read(TableKind table, ReadOnlyMemory<byte> bytes)
    {
        var reader = new MessagePackReader(bytes);
        if (reader.ReadArrayHeader() != StoreSnapshot.RowFields)
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
