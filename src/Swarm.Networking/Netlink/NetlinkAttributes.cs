using System.Runtime.InteropServices;
using System.Text;
using static Swarm.Networking.Netlink.RouteConstants;

namespace Swarm.Networking.Netlink;

/// <summary>Walks the attributes of a message from the kernel.</summary>
internal ref struct NetlinkAttributes(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> rest = bytes;

    public ushort Type { get; private set; }

    public ReadOnlySpan<byte> Value { get; private set; }

    public readonly int Int32 => MemoryMarshal.Read<int>(Value);

    public readonly string Text => Encoding.UTF8.GetString(Value.TrimEnd((byte)0));

    public bool Next()
    {
        if (rest.Length < AttributeHeaderBytes)
        {
            return false;
        }

        int length = MemoryMarshal.Read<ushort>(rest);
        if (length < AttributeHeaderBytes || length > rest.Length)
        {
            throw new InvalidDataException($"netlink attribute of {length} bytes in {rest.Length}");
        }

        Type = (ushort)(MemoryMarshal.Read<ushort>(rest[2..]) & AttributeTypeMask);
        Value = rest[AttributeHeaderBytes..length];
        rest = rest[Math.Min(NetlinkRequest.Align(length), rest.Length)..];
        return true;
    }
}
