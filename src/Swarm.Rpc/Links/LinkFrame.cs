using System.Buffers;
using System.Buffers.Binary;

namespace Swarm.Rpc.Links;

/// <summary>What a frame says. On the wire: never change one; one that is not known is passed over.</summary>
internal enum LinkFrameKind : byte
{
    /// <summary>A request: its number has not been used on this link before.</summary>
    Call = 1,

    /// <summary>Whoever asked no longer waits.</summary>
    Cancel = 2,
    Answer = 3,

    /// <summary>The request was refused; the body says why, in UTF-8.</summary>
    Refusal = 4,
}

/// <summary>
/// A part of a link's message: kind (1 byte), number of the call (little-endian 64-bit), length of the body (little-endian 32-bit), the body. A message
/// holds as many as there were to send.
/// </summary>
/// <param name="Of">The call that the frame begins, on the side that makes it.</param>
internal readonly record struct LinkFrame(LinkFrameKind Kind, long Number, ReadOnlyMemory<byte> Body, LinkCall? Of = null)
{
    internal const int HeadSize = 13;

    internal void WriteTo(ArrayBufferWriter<byte> message)
    {
        var head = message.GetSpan(HeadSize);
        head[0] = (byte)Kind;
        BinaryPrimitives.WriteInt64LittleEndian(head[1..], Number);
        BinaryPrimitives.WriteInt32LittleEndian(head[9..], Body.Length);
        message.Advance(HeadSize);
        message.Write(Body.Span);
    }

    /// <summary>The frames of a message; their bodies are parts of it.</summary>
    /// <exception cref="InvalidDataException">It is cut short.</exception>
    internal static IEnumerable<LinkFrame> Read(ReadOnlyMemory<byte> message)
    {
        while (!message.IsEmpty)
        {
            var length = message.Length < HeadSize ? -1 : BinaryPrimitives.ReadInt32LittleEndian(message.Span[9..]);
            if (length < 0 || length > message.Length - HeadSize)
            {
                throw new InvalidDataException("a message between managers is cut short");
            }

            yield return new LinkFrame((LinkFrameKind)message.Span[0], BinaryPrimitives.ReadInt64LittleEndian(message.Span[1..]), message.Slice(HeadSize, length));
            message = message[(HeadSize + length)..];
        }
    }
}
