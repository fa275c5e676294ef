using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using DotNext.Net.Cluster.Consensus.Raft;
using Swarm.Store.Consensus.Raft.Disk;

namespace Swarm.Store.Consensus.Raft;

/// <summary>First byte of a request between two managers. Below <see cref="IConsensus.FirstStoreKind"/>.</summary>
internal enum RaftKind : byte
{
    Append = 1,
    Vote = 2,
    PreVote = 3,
    SnapshotChunk = 4,
    ReadIndex = 5,
    Resign = 6,
}

/// <summary>Writes a message: little-endian 64-bit numbers, length-prefixed bytes.</summary>
internal sealed class WireWriter
{
    private readonly ArrayBufferWriter<byte> _buffer;

    internal WireWriter(int capacity = 256) => _buffer = new ArrayBufferWriter<byte>(capacity);

    internal ReadOnlyMemory<byte> Written => _buffer.WrittenMemory;

    internal WireWriter Byte(byte value)
    {
        _buffer.GetSpan(1)[0] = value;
        _buffer.Advance(1);
        return this;
    }

    internal WireWriter Number(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_buffer.GetSpan(8), value);
        _buffer.Advance(8);
        return this;
    }

    internal WireWriter Bytes(ReadOnlySpan<byte> value)
    {
        Number(value.Length);
        _buffer.Write(value);
        return this;
    }
}

/// <summary>Reads what <see cref="WireWriter"/> wrote.</summary>
internal ref struct WireReader(ReadOnlyMemory<byte> message)
{
    private ReadOnlyMemory<byte> _rest = message;

    internal readonly bool AtEnd => _rest.IsEmpty;

    internal byte Byte() => Take(1).Span[0];

    internal long Number() => BinaryPrimitives.ReadInt64LittleEndian(Take(8).Span);

    internal ReadOnlyMemory<byte> Bytes() => Take(Number());

    private ReadOnlyMemory<byte> Take(long count)
    {
        if (count < 0 || count > _rest.Length)
        {
            throw new InvalidDataException("a message between managers is cut short");
        }

        var taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }
}

/// <summary>An append request: at most one of these is on its way to a member at any time.</summary>
/// <param name="Entries">The entries after <paramref name="PreviousIndex"/>.</param>
internal sealed record AppendRequest(long Term, long PreviousIndex, long PreviousTerm, long CommitIndex, IReadOnlyList<CoreEntry> Entries)
{
    internal static AppendRequest Read(ref WireReader reader)
    {
        var (term, previous, previousTerm, commit) = (reader.Number(), reader.Number(), reader.Number(), reader.Number());
        var entries = new List<CoreEntry>();
        while (!reader.AtEnd)
        {
            entries.Add(new CoreEntry(reader.Number(), reader.Byte() != 0 ? LogItemKind.Members : LogItemKind.Data, reader.Bytes()));
        }

        return new AppendRequest(term, previous, previousTerm, commit, entries);
    }

    internal static WireWriter Begin(long term, long previousIndex, long previousTerm, long commitIndex) =>
        new WireWriter().Byte((byte)RaftKind.Append).Number(term).Number(previousIndex).Number(previousTerm).Number(commitIndex);

    internal static void Add(WireWriter message, IRaftLogEntry entry, ReadOnlySpan<byte> content) =>
        message.Number(entry.Term).Byte(entry.IsConfiguration ? (byte)1 : (byte)0).Bytes(content);
}

/// <summary>A part of a snapshot file.</summary>
/// <param name="FileLength">Of the whole file: the chunk that reaches it is the last.</param>
/// <param name="Members">The membership that belongs to the snapshot, and the index that made it.</param>
internal sealed record SnapshotChunk(
    long Term, long Index, long SnapshotTerm, long FileLength, long Offset, ReadOnlyMemory<byte> Content, ReadOnlyMemory<byte> Members, long MembersIndex)
{
    internal bool IsLast => Offset + Content.Length == FileLength;

    internal static SnapshotChunk Read(ref WireReader reader) => new(
        reader.Number(), reader.Number(), reader.Number(), reader.Number(), reader.Number(), reader.Bytes(), reader.Bytes(), reader.Number());

    internal ReadOnlyMemory<byte> ToMessage() => new WireWriter(Content.Length + 256).Byte((byte)RaftKind.SnapshotChunk)
        .Number(Term).Number(Index).Number(SnapshotTerm).Number(FileLength).Number(Offset).Bytes(Content.Span).Bytes(Members.Span).Number(MembersIndex).Written;
}
