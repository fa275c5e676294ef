using System.Buffers.Binary;
using System.IO.Hashing;
using Swarm.Linux;

namespace Swarm.Store.Consensus.Raft.Disk;

/// <summary>
/// A small record that is replaced often: two slots of 4 KiB written in turn, each with a number that grows, the content and an XxHash3, so that a
/// torn write leaves the other slot. The file has its full size from the beginning: replacing the record needs no space. One writer at a time.
/// </summary>
internal sealed class SlotFile : IDisposable
{
    private const int SlotDistance = 4096;
    private const int MaxContent = 256;
    private const int Overhead = 8 + 4 + 8;
    private readonly IDiskFile _file;
    private readonly byte[] _buffer = new byte[MaxContent + Overhead];
    private long _sequence;

    private SlotFile(IDiskFile file, long sequence, byte[] content)
    {
        _file = file;
        _sequence = sequence;
        Content = content;
    }

    /// <summary>As it was when the file was opened.</summary>
    internal byte[] Content { get; }

    /// <summary>Null if there is no such file.</summary>
    /// <exception cref="InvalidDataException">There is one, but neither slot is whole.</exception>
    internal static SlotFile? Open(IRaftDisk disk, string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        var file = disk.Open(path);
        SlotFile? best = null;
        var slot = new byte[MaxContent + Overhead];
        for (var i = 0; i < 2; i++)
        {
            if (file.Read(slot, i * SlotDistance) == slot.Length && Decode(slot) is { } found && found.Sequence > (best?._sequence ?? -1))
            {
                best = new SlotFile(file, found.Sequence, found.Content);
            }
        }

        if (best is null)
        {
            file.Dispose();
            throw new InvalidDataException($"the file {Path.GetFileName(path)} is damaged");
        }

        return best;
    }

    internal static SlotFile Create(IRaftDisk disk, string path, ReadOnlySpan<byte> content)
    {
        var bytes = new byte[2 * SlotDistance];
        Encode(bytes, 0, content);
        DurableFile.Write(path, bytes);
        return Open(disk, path)!;
    }

    /// <param name="sync">False where losing this to a power cut only weakens a check.</param>
    internal void Write(ReadOnlySpan<byte> content, bool sync)
    {
        Encode(_buffer, _sequence + 1, content);
        _file.Write(_buffer, (_sequence + 1) % 2 * SlotDistance);
        if (sync)
        {
            _file.Sync();
        }

        _sequence++;
    }

    public void Dispose() => _file.Dispose();

    private static void Encode(Span<byte> slot, long sequence, ReadOnlySpan<byte> content)
    {
        slot = slot[..(MaxContent + Overhead)];
        slot.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(slot, sequence);
        BinaryPrimitives.WriteInt32LittleEndian(slot[8..], content.Length);
        content.CopyTo(slot[12..]);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[^8..], XxHash3.HashToUInt64(slot[..^8]));
    }

    private static (long Sequence, byte[] Content)? Decode(ReadOnlySpan<byte> slot)
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(slot[8..]);
        return BinaryPrimitives.ReadUInt64LittleEndian(slot[^8..]) == XxHash3.HashToUInt64(slot[..^8]) && length is >= 0 and <= MaxContent
            ? (BinaryPrimitives.ReadInt64LittleEndian(slot), slot.Slice(12, length).ToArray())
            : null;
    }
}
