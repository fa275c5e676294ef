using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using static Swarm.Networking.Netlink.RouteConstants;

namespace Swarm.Networking.Netlink;

/// <summary>Builds one netlink message: header, fixed part, attributes (netlink(7)). Numbers are of the machine's byte order.</summary>
internal sealed class NetlinkRequest
{
    /// <summary>Far above any message of this room, so that a loop that forgets to end is caught here.</summary>
    private const int MaximumBytes = 4096;

    private readonly byte[] buffer;
    private readonly Stack<int> nests = new();
    private int length;

    /// <param name="capacity">Bytes: less for those that are made by the thousand.</param>
    public NetlinkRequest(ushort type, ushort flags, int fixedBytes, int capacity = MaximumBytes)
    {
        buffer = new byte[capacity];
        MemoryMarshal.Write(buffer.AsSpan(4), type);
        MemoryMarshal.Write(buffer.AsSpan(6), (ushort)(flags | FlagRequest));
        length = HeaderBytes + fixedBytes;
    }

    /// <summary>The fixed part after the header (struct ifinfomsg, ifaddrmsg, rtmsg, ndmsg).</summary>
    public Span<byte> Fixed => buffer.AsSpan(HeaderBytes);

    public NetlinkRequest Add(ushort type, ReadOnlySpan<byte> value)
    {
        MemoryMarshal.Write(buffer.AsSpan(length), (ushort)(AttributeHeaderBytes + value.Length));
        MemoryMarshal.Write(buffer.AsSpan(length + 2), type);
        value.CopyTo(buffer.AsSpan(length + AttributeHeaderBytes));
        length = Align(length + AttributeHeaderBytes + value.Length);
        return this;
    }

    public NetlinkRequest Add(ushort type, int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        MemoryMarshal.Write(bytes, value);
        return Add(type, bytes);
    }

    /// <summary>nf_tables takes its numbers in network byte order.</summary>
    public NetlinkRequest AddBigEndian(ushort type, int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return Add(type, bytes);
    }

    public NetlinkRequest Add(ushort type, string value) => Add(type, Encoding.UTF8.GetBytes(value + '\0'));

    public NetlinkRequest Nest(ushort type)
    {
        nests.Push(length);
        MemoryMarshal.Write(buffer.AsSpan(length + 2), type);
        length += AttributeHeaderBytes;
        return this;
    }

    /// <summary>Room for a fixed struct inside a nest (the peer's struct ifinfomsg in a veth request).</summary>
    public Span<byte> Reserve(int bytes)
    {
        var span = buffer.AsSpan(length, bytes);
        length += bytes;
        return span;
    }

    public NetlinkRequest End()
    {
        var start = nests.Pop();
        MemoryMarshal.Write(buffer.AsSpan(start), (ushort)(length - start));
        return this;
    }

    /// <summary>Asks for an answer also when all is well.</summary>
    public NetlinkRequest Acknowledged()
    {
        MemoryMarshal.Write(buffer.AsSpan(6), (ushort)(MemoryMarshal.Read<ushort>(buffer.AsSpan(6)) | FlagAck));
        return this;
    }

    public ReadOnlySpan<byte> Finish(uint sequence)
    {
        MemoryMarshal.Write(buffer, (uint)length);
        MemoryMarshal.Write(buffer.AsSpan(8), sequence);
        return buffer.AsSpan(0, length);
    }

    public static int Align(int bytes) => (bytes + Alignment - 1) & ~(Alignment - 1);
}
