using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Swarm.Store.Consensus.Raft.Disk;

/// <summary>
/// One entry in a segment file, little-endian, padded with zeros to a multiple of <see cref="Alignment"/>:
/// <code>
///  0  length of the content (32-bit)
///  4  kind (LogItemKind), three zeros
///  8  index (64-bit)
/// 16  term (64-bit)
/// 24  index up to which the log was known to be synced when this was written (64-bit)
/// 32  nonce (12), new for every record
/// 44  tag of AES-GCM (16), then four zeros
/// 64  content, encrypted; bytes 0 to 32 are the associated data, so a record proves its place in the log
/// </code>
/// The field at 24 tells a torn tail from a damaged log: a whole record behind a broken one that says the broken one was synced.
/// </summary>
internal static class LogRecord
{
    internal const int HeaderSize = 64;
    internal const int Alignment = 8;
    internal const int NonceSize = 12;

    /// <summary>Larger than any entry; what claims more is no record.</summary>
    internal const int MaxContent = 4 << 20;
    private const int FieldsSize = 32;
    private const int NonceAt = 32;
    private const int TagAt = 44;
    private const int TagSize = 16;

    /// <param name="Length">Of the content.</param>
    internal readonly record struct Fields(int Length, LogItemKind Kind, long Index, long Term, long Synced)
    {
        internal int Size => SizeOf(Length);
    }

    internal static AesGcm CreateCipher(byte[] fileKey) => new(fileKey, TagSize);

    internal static int SizeOf(int length) => (HeaderSize + length + Alignment - 1) / Alignment * Alignment;

    internal static void Write(Span<byte> target, LogItem item, long synced, ReadOnlySpan<byte> nonce, AesGcm cipher)
    {
        target = target[..SizeOf(item.Content.Length)];
        target[FieldsSize..HeaderSize].Clear();
        target[(HeaderSize + item.Content.Length)..].Clear();
        BinaryPrimitives.WriteInt32LittleEndian(target, item.Content.Length);
        BinaryPrimitives.WriteInt32LittleEndian(target[4..], (int)item.Kind);
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], item.Index);
        BinaryPrimitives.WriteInt64LittleEndian(target[16..], item.Term);
        BinaryPrimitives.WriteInt64LittleEndian(target[24..], synced);
        nonce.CopyTo(target[NonceAt..]);
        cipher.Encrypt(nonce, item.Content.Span, target.Slice(HeaderSize, item.Content.Length), target.Slice(TagAt, TagSize), target[..FieldsSize]);
    }

    /// <summary>Null if the bytes do not begin with a whole header.</summary>
    internal static Fields? ReadFields(ReadOnlySpan<byte> source)
    {
        if (source.Length < HeaderSize)
        {
            return null;
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(source);
        var kind = BinaryPrimitives.ReadInt32LittleEndian(source[4..]);
        return length is < 0 or > MaxContent || kind is < 0 or > (int)LogItemKind.Members || source.Length < SizeOf(length)
            ? null
            : new Fields(length, (LogItemKind)kind, BinaryPrimitives.ReadInt64LittleEndian(source[8..]),
                BinaryPrimitives.ReadInt64LittleEndian(source[16..]), BinaryPrimitives.ReadInt64LittleEndian(source[24..]));
    }

    /// <summary>False if the record is not what was written.</summary>
    /// <param name="content">At least as long as the content.</param>
    internal static bool TryRead(ReadOnlySpan<byte> source, Fields fields, AesGcm cipher, Span<byte> content)
    {
        try
        {
            cipher.Decrypt(source.Slice(NonceAt, NonceSize), source.Slice(HeaderSize, fields.Length), source.Slice(TagAt, TagSize), content[..fields.Length],
                source[..FieldsSize]);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }
}
