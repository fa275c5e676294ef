using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Swarm.Model;

/// <summary>Addresses of both families as numbers, so that one code serves both.</summary>
public static class IpAddresses
{
    public static int Bits(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? 128 : 32;

    public static UInt128 ToNumber(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        return bytes.Length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    public static IPAddress FromNumber(UInt128 number, AddressFamily family)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return new IPAddress(family == AddressFamily.InterNetworkV6 ? bytes : bytes[12..]);
    }

    /// <summary>The address of a text with or without a prefix length.</summary>
    public static IPAddress OfCidr(string text) => IPAddress.Parse(text.AsSpan(0, text.IndexOf('/') is var slash and >= 0 ? slash : text.Length));
}
