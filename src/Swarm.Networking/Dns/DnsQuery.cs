using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Swarm.Networking.Dns;

/// <summary>What of a question for a name (RFC 1035) a server needs, and its answers. Whatever cannot be read is no question.</summary>
/// <param name="Name">Lower case, without a dot at the end.</param>
/// <param name="QuestionEnd">Where the question section ends in <paramref name="Message"/>.</param>
/// <param name="LargestAnswer">Bytes that the client takes over UDP.</param>
internal sealed record DnsQuery(ReadOnlyMemory<byte> Message, string Name, DnsType Type, ushort Class, int QuestionEnd, int LargestAnswer)
{
    public const int HeaderBytes = 12, UsualAnswer = 512;
    public const ushort Internet = 1;

    private const int LongestName = 255, LongestLabel = 63;
    private const byte Response = 0x80, Truncated = 0x02, OpcodeAndRecursionDesired = 0x79, RecursionAvailable = 0x80;
    private const ushort NameOfQuestion = 0xc00c; // a pointer to offset 12
    private const byte PointerBits = 0xc0;

    /// <returns>Null: not a question with exactly one name.</returns>
    public static DnsQuery? Parse(ReadOnlyMemory<byte> message)
    {
        var bytes = message.Span;
        if (bytes.Length < HeaderBytes || (bytes[2] & Response) != 0 || BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]) != 1)
        {
            return null;
        }

        var name = new StringBuilder();
        var at = HeaderBytes;
        while (at < bytes.Length && bytes[at] is var length && length != 0)
        {
            if (length > LongestLabel || at + 1 + length >= bytes.Length || at - HeaderBytes + length > LongestName)
            {
                return null;
            }

            name.Append(name.Length > 0 ? "." : "").Append(Encoding.Latin1.GetString(bytes.Slice(at + 1, length)));
            at += 1 + length;
        }

        return at + 5 > bytes.Length
            ? null
            : new DnsQuery(
                message, name.ToString().ToLowerInvariant(), (DnsType)BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 1)..]),
                BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 3)..]), at + 5, AnswerRoom(bytes, at + 5));
    }

    /// <summary>An answer with no record, or with a refusal.</summary>
    public byte[] Answer(DnsCode code = DnsCode.NoError) => Answer([], int.MaxValue, code);

    /// <param name="records">The data of records of the question's type.</param>
    /// <param name="room">Bytes; records beyond are left out and the client is told so.</param>
    public byte[] Answer(IEnumerable<byte[]> records, int room, DnsCode code = DnsCode.NoError)
    {
        const int recordHeader = 12, timeToLive = 5; // seconds: a container that is replaced has another address at once
        using var answer = new MemoryStream();
        answer.Write(Message.Span[..QuestionEnd]);
        ushort count = 0;
        var truncated = false;
        Span<byte> header = stackalloc byte[recordHeader];
        foreach (var data in records)
        {
            if (answer.Length + recordHeader + data.Length > room)
            {
                truncated = true;
                break;
            }

            BinaryPrimitives.WriteUInt16BigEndian(header, NameOfQuestion);
            BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)Type);
            BinaryPrimitives.WriteUInt16BigEndian(header[4..], Class);
            BinaryPrimitives.WriteInt32BigEndian(header[6..], timeToLive);
            BinaryPrimitives.WriteUInt16BigEndian(header[10..], (ushort)data.Length);
            answer.Write(header);
            answer.Write(data);
            count++;
        }

        var bytes = answer.ToArray();
        bytes[2] = (byte)(Response | (bytes[2] & OpcodeAndRecursionDesired) | (truncated ? Truncated : 0));
        bytes[3] = (byte)(RecursionAvailable | (byte)code);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(6), count);
        bytes.AsSpan(8, 4).Clear(); // no authority, nothing additional
        return bytes;
    }

    public static byte[] Encode(string name)
    {
        using var bytes = new MemoryStream();
        foreach (var label in name.Split('.', StringSplitOptions.RemoveEmptyEntries).Select(Encoding.Latin1.GetBytes))
        {
            bytes.WriteByte((byte)Math.Min(label.Length, LongestLabel));
            bytes.Write(label.AsSpan(0, Math.Min(label.Length, LongestLabel)));
        }

        bytes.WriteByte(0);
        return bytes.ToArray();
    }

    /// <summary>The address that a reverse question is for (RFC 1035 3.5, RFC 3596 2.5); null: it is for none.</summary>
    public IPAddress? ReversedAddress()
    {
        const string suffix = ".in-addr.arpa", suffix6 = ".ip6.arpa";
        if (Name.EndsWith(suffix, StringComparison.Ordinal))
        {
            var parts = Name[..^suffix.Length].Split('.');
            return parts.Length == 4 && IPAddress.TryParse(string.Join('.', parts.Reverse()), out var address) ? address : null;
        }

        var digits = Name.EndsWith(suffix6, StringComparison.Ordinal) ? Name[..^suffix6.Length].Split('.') : [];
        return digits.Length == 32 && digits.All(digit => digit.Length == 1 && char.IsAsciiHexDigit(digit[0]))
            ? new IPAddress(Convert.FromHexString(string.Concat(digits.Reverse())))
            : null;
    }

    /// <summary>What the client says in an OPT record (RFC 6891).</summary>
    private static int AnswerRoom(ReadOnlySpan<byte> bytes, int at)
    {
        const ushort opt = 41;
        var records = BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]) + BinaryPrimitives.ReadUInt16BigEndian(bytes[8..]) + BinaryPrimitives.ReadUInt16BigEndian(bytes[10..]);
        while (records-- > 0)
        {
            while (at < bytes.Length && bytes[at] != 0 && (bytes[at] & PointerBits) == 0)
            {
                at += 1 + bytes[at];
            }

            at += at < bytes.Length && (bytes[at] & PointerBits) != 0 ? 2 : 1;
            if (at + 10 > bytes.Length)
            {
                break;
            }

            if (BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]) == opt)
            {
                return Math.Max(UsualAnswer, (int)BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 2)..]));
            }

            at += 10 + BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 8)..]);
        }

        return UsualAnswer;
    }
}

/// <summary>RFC 1035, RFC 3596.</summary>
internal enum DnsType : ushort
{
    A = 1,
    Ptr = 12,
    Mx = 15,
    Aaaa = 28,
}

/// <summary>RFC 1035 4.1.1.</summary>
internal enum DnsCode : byte
{
    NoError = 0,
    ServerFailure = 2,
    NameError = 3,
    Refused = 5,
}
