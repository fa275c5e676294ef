using System.Buffers.Binary;

namespace Swarm.Networking.Overlay.Sealing;

/// <summary>
/// A sealed datagram, big-endian:
/// <code>
///  0  version, 1
///  1  VXLAN identifier of the network, 3 bytes
///  4  number of the key, its low 32 bits
///  8  session: milliseconds since 1970 of its beginning (8 bytes), 8 random bytes
/// 24  number of the datagram in its session, from 1
/// 32  an IP packet, encrypted by AES-256-GCM
///     tag, 16 bytes; the first 32 bytes are its associated data
/// </code>
/// The IP packet is VXLAN's (RFC 7348) between the underlay addresses of two nodes. A session's key is derived from the network's (<see cref="SessionCipher"/>), so
/// that no number is ever used twice with one key, whoever sends and however often it begins anew.
/// </summary>
internal static class SealedFormat
{
    public const byte Version = 1;
    public const int HeaderBytes = 32, TagBytes = 16, SessionAt = 8, SessionBytes = 16, CounterAt = 24;

    /// <summary>What sealing adds to an IP packet, without the outer IP and UDP headers.</summary>
    public const int Overhead = HeaderBytes + TagBytes;

    private const int UdpBytes = 8, VxlanIdAt = UdpBytes + 4, IPv4Bytes = 20, IPv6Bytes = 40;
    private const byte Udp = 17;

    public static int Vni(ReadOnlySpan<byte> datagram) => (datagram[1] << 16) | (datagram[2] << 8) | datagram[3];

    public static uint Key(ReadOnlySpan<byte> datagram) => BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]);

    public static UInt128 Session(ReadOnlySpan<byte> datagram) => BinaryPrimitives.ReadUInt128BigEndian(datagram[SessionAt..]);

    public static ulong Counter(ReadOnlySpan<byte> datagram) => BinaryPrimitives.ReadUInt64BigEndian(datagram[CounterAt..]);

    public static void Write(Span<byte> header, int vni, long key, UInt128 session)
    {
        BinaryPrimitives.WriteUInt32BigEndian(header, (uint)((Version << 24) | vni));
        BinaryPrimitives.WriteUInt32BigEndian(header[4..], unchecked((uint)key));
        BinaryPrimitives.WriteUInt128BigEndian(header[SessionAt..], session);
    }

    /// <summary>Milliseconds since 1970.</summary>
    public static ulong BeginOf(UInt128 session) => (ulong)(session >> 64);

    /// <summary>Takes a packet apart that VXLAN sent.</summary>
    /// <param name="port">VXLAN's, UDP.</param>
    /// <returns>False: it is something else.</returns>
    public static bool TryRead(ReadOnlySpan<byte> packet, int port, out VxlanPacket read)
    {
        read = default;
        var isIPv6 = packet.Length > 0 && packet[0] >> 4 == 6;
        var header = isIPv6 ? IPv6Bytes : IPv4Bytes;
        if (packet.Length < header + VxlanIdAt + 4
            || (isIPv6 ? packet[6] != Udp : packet[0] != 0x45 || packet[9] != Udp)
            || BinaryPrimitives.ReadUInt16BigEndian(packet[(header + 2)..]) != port)
        {
            return false;
        }

        var id = packet[(header + VxlanIdAt)..];
        read = new VxlanPacket(
            isIPv6 ? BinaryPrimitives.ReadUInt128BigEndian(packet[8..]) : BinaryPrimitives.ReadUInt32BigEndian(packet[12..]),
            isIPv6 ? BinaryPrimitives.ReadUInt128BigEndian(packet[24..]) : BinaryPrimitives.ReadUInt32BigEndian(packet[16..]),
            (id[0] << 16) | (id[1] << 8) | id[2]);
        return true;
    }
}

/// <param name="Source">Address as a number, see <see cref="Model.IpAddresses"/>.</param>
internal readonly record struct VxlanPacket(UInt128 Source, UInt128 Destination, int Vni);
