using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Swarm.Store.Consensus.Raft.Disk;

/// <summary>
/// The first <see cref="Size"/> bytes of every encrypted file, little-endian:
/// <code>
///    0  magic (8 bytes: what kind of file, and its format)
///    8  index (64-bit)
///   16  term (64-bit)
///  512  key slot A   each: nonce (12), the file's own random AES-256 key (32) sealed with AES-GCM under a data key, tag (16);
/// 1024  key slot B         bytes 0 to 24 are the associated data; zeros: empty
/// </code>
/// A file is opened by whichever slot one of the data keys opens. To move it to another data key, the free slot is written and synced and then the
/// other emptied and synced: whatever a crash leaves, one slot is whole. The slots lie in sectors of their own.
/// </summary>
internal static class SealedHeader
{
    internal const int Size = 2048;
    private const int FieldsSize = 24;
    private const int SlotSize = NonceSize + DataKeys.KeySize + TagSize;
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private static readonly int[] Slots = [512, 1024];

    internal static byte[] Create(ReadOnlySpan<byte> magic, long index, long term, ReadOnlySpan<byte> fileKey, ReadOnlySpan<byte> dataKey)
    {
        var header = new byte[Size];
        magic.CopyTo(header);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(8), index);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(16), term);
        Wrap(header.AsSpan(0, FieldsSize), fileKey, dataKey, header.AsSpan(Slots[0], SlotSize));
        return header;
    }

    /// <exception cref="InvalidDataException">Not a file of this kind, damaged, or none of the keys opens it.</exception>
    internal static (long Index, long Term, byte[] FileKey) Read(IDiskFile file, string name, ReadOnlySpan<byte> magic, DataKeys keys)
    {
        var header = new byte[Size];
        if (file.Read(header, 0) < Size || !header.AsSpan(0, 8).SequenceEqual(magic))
        {
            throw new InvalidDataException($"{name} is damaged");
        }

        var found = Find(header, keys.All) ?? throw new InvalidDataException($"{name} is damaged, or encrypted under a key that this node does not have");
        return (BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(8)), BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(16)), found.FileKey);
    }

    /// <summary>Returns once the file opens with the first of the keys and with no other.</summary>
    /// <exception cref="InvalidDataException">None of the keys opens it.</exception>
    internal static void Rewrap(IDiskFile file, string name, ReadOnlySpan<byte> magic, DataKeys keys)
    {
        var (_, _, fileKey) = Read(file, name, magic, keys);
        var header = new byte[Size];
        file.Read(header, 0);
        var current = Find(header, [keys.Current.ToArray()])?.Slot;
        if (current is null)
        {
            // The slot that opens stays until the other one is on disk.
            current = Slots.First(slot => slot != Find(header, keys.All)!.Value.Slot);
            Wrap(header.AsSpan(0, FieldsSize), fileKey, keys.Current, header.AsSpan(current.Value, SlotSize));
            file.Write(header.AsSpan(current.Value, SlotSize), current.Value);
            file.Sync();
        }

        var old = Slots.First(slot => slot != current);
        if (header.AsSpan(old, SlotSize).ContainsAnyExcept((byte)0))
        {
            file.Write(new byte[SlotSize], old);
            file.Sync();
        }
    }

    private static (int Slot, byte[] FileKey)? Find(byte[] header, IEnumerable<byte[]> keys)
    {
        foreach (var key in keys)
        {
            using var cipher = new AesGcm(key, TagSize);
            foreach (var slot in Slots)
            {
                var bytes = header.AsSpan(slot, SlotSize);
                var fileKey = new byte[DataKeys.KeySize];
                try
                {
                    cipher.Decrypt(bytes[..NonceSize], bytes.Slice(NonceSize, fileKey.Length), bytes[^TagSize..], fileKey, header.AsSpan(0, FieldsSize));
                    return (slot, fileKey);
                }
                catch (AuthenticationTagMismatchException)
                {
                    // Not under this key, or not in this slot.
                }
            }
        }

        return null;
    }

    private static void Wrap(ReadOnlySpan<byte> fields, ReadOnlySpan<byte> fileKey, ReadOnlySpan<byte> dataKey, Span<byte> slot)
    {
        using var cipher = new AesGcm(dataKey, TagSize);
        RandomNumberGenerator.Fill(slot[..NonceSize]);
        cipher.Encrypt(slot[..NonceSize], fileKey, slot.Slice(NonceSize, fileKey.Length), slot[^TagSize..], fields);
    }
}
