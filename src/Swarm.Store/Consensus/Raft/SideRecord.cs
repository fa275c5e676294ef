using System.Buffers.Binary;
using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;
using Swarm.Linux;

namespace Swarm.Store.Consensus.Raft;

/// <summary>What this node has promised to others: entries it said are on its disk, the term it saw, the vote it gave.</summary>
/// <param name="Vote">Bytes of the candidate's member id; empty for no vote in this term.</param>
internal readonly record struct Promises(long LastIndex, long Term, byte[] Vote);

/// <summary>
/// A checksummed record beside the log. DotNext's own files can forget silently (design/store.md, H9: an emptied checkpoint forgets the log, an
/// emptied state file the term and the vote); start-up compares them with this. Two slots are written in turn, so that a torn write leaves the
/// other. Always written after the log's own sync, so it never claims more than the log holds. One writer at a time (a lock, never across an await).
/// </summary>
internal sealed class SideRecord : IDisposable
{
    private const int SlotSize = 512;
    private const int BodySize = 8 + 8 + 8 + 1 + MaxVote;
    private const int MaxVote = 64;
    private readonly Lock _lock = new();
    private readonly SafeFileHandle _file;
    private readonly byte[] _buffer = new byte[SlotSize];
    private long _sequence;

    private SideRecord(SafeFileHandle file, long sequence, Promises promises)
    {
        _file = file;
        _sequence = sequence;
        Current = promises;
    }

    internal Promises Current { get; private set; }

    /// <summary>Null if there is no record.</summary>
    /// <exception cref="InvalidDataException">There is one, but neither slot is whole.</exception>
    internal static SideRecord? Open(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
        var best = (Sequence: -1L, Promises: default(Promises));
        var slot = new byte[SlotSize];
        for (var i = 0; i < 2; i++)
        {
            if (RandomAccess.Read(handle, slot, i * SlotSize) == SlotSize && Decode(slot) is { } found && found.Sequence > best.Sequence)
            {
                best = found;
            }
        }

        if (best.Sequence < 0)
        {
            handle.Dispose();
            throw new InvalidDataException("the record of what this node promised is damaged");
        }

        return new SideRecord(handle, best.Sequence, best.Promises);
    }

    internal static SideRecord Create(string path)
    {
        var slots = new byte[2 * SlotSize];
        Encode(slots.AsSpan(0, SlotSize), 0, new Promises(0, 0, []));
        DurableFile.Write(path, slots);
        return Open(path)!;
    }

    /// <summary>The log is synced up to <paramref name="lastIndex"/> and ends there.</summary>
    /// <param name="sync">False where losing this write to a power cut only weakens the check, never makes it wrong.</param>
    internal void Log(long lastIndex, bool sync)
    {
        lock (_lock)
        {
            if (Current.LastIndex != lastIndex)
            {
                Write(Current with { LastIndex = lastIndex }, sync);
            }
        }
    }

    /// <summary>As <see cref="Log"/>, but never moves back: for a leader's commits, which follow its appends.</summary>
    internal void LogAtLeast(long lastIndex)
    {
        lock (_lock)
        {
            if (Current.LastIndex < lastIndex)
            {
                Write(Current with { LastIndex = lastIndex }, sync: false);
            }
        }
    }

    /// <summary>The state file holds this term and vote; synced before it returns.</summary>
    internal void Vote(long term, ReadOnlySpan<byte> vote)
    {
        lock (_lock)
        {
            if (term > Current.Term || (term == Current.Term && !vote.IsEmpty && Current.Vote.Length == 0))
            {
                Write(Current with { Term = term, Vote = vote.ToArray() }, sync: true);
            }
        }
    }

    public void Dispose() => _file.Dispose();

    private void Write(Promises promises, bool sync)
    {
        _sequence++;
        Encode(_buffer, _sequence, promises);
        RandomAccess.Write(_file, _buffer, _sequence % 2 * SlotSize);
        if (sync)
        {
            DurableFile.SyncData(_file);
        }

        Current = promises;
    }

    private static void Encode(Span<byte> slot, long sequence, Promises promises)
    {
        slot.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(slot, sequence);
        BinaryPrimitives.WriteInt64LittleEndian(slot[8..], promises.LastIndex);
        BinaryPrimitives.WriteInt64LittleEndian(slot[16..], promises.Term);
        slot[24] = (byte)promises.Vote.Length;
        promises.Vote.CopyTo(slot[25..]);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[BodySize..], XxHash3.HashToUInt64(slot[..BodySize]));
    }

    private static (long Sequence, Promises Promises)? Decode(ReadOnlySpan<byte> slot)
    {
        if (BinaryPrimitives.ReadUInt64LittleEndian(slot[BodySize..]) != XxHash3.HashToUInt64(slot[..BodySize]) || slot[24] > MaxVote)
        {
            return null;
        }

        return (BinaryPrimitives.ReadInt64LittleEndian(slot), new Promises(
            BinaryPrimitives.ReadInt64LittleEndian(slot[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(slot[16..]),
            slot.Slice(25, slot[24]).ToArray()));
    }

}
