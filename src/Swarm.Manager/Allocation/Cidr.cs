using System.Globalization;
using System.Net;
using System.Net.Sockets;
using static Swarm.Model.IpAddresses;

namespace Swarm.Manager.Allocation;

/// <summary>A block of addresses of one family, as numbers.</summary>
internal readonly record struct Cidr(AddressFamily Family, UInt128 First, int PrefixLength)
{
    internal bool IsIPv6 => Family == AddressFamily.InterNetworkV6;

    internal UInt128 Last => First | HostMask(Bits(Family) - PrefixLength);

    internal bool Contains(UInt128 address) => address >= First && address <= Last;

    internal bool Overlaps(Cidr other) => Family == other.Family && First <= other.Last && other.First <= Last;

    public override string ToString() => Text(First, Family, PrefixLength);

    /// <summary>The block that an address of that prefix is in.</summary>
    internal static Cidr Of(IPAddress address, int prefixLength) =>
        new(address.AddressFamily, ToNumber(address) & ~HostMask(Bits(address.AddressFamily) - prefixLength), prefixLength);

    /// <param name="address">As it was written: it may lie within the block.</param>
    internal static bool TryParse(string text, out Cidr block, out IPAddress address)
    {
        (block, address) = (default, IPAddress.None);
        var slash = text.IndexOf('/');
        if (slash <= 0 || !IPAddress.TryParse(text.AsSpan(0, slash), out var parsed)
            || !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var prefix) || prefix > Bits(parsed.AddressFamily))
        {
            return false;
        }

        (block, address) = (Of(parsed, prefix), parsed);
        return true;
    }

    internal static string Text(UInt128 number, AddressFamily family, int prefixLength) => string.Create(CultureInfo.InvariantCulture, $"{FromNumber(number, family)}/{prefixLength}");

    private static UInt128 HostMask(int bits) => bits == 128 ? UInt128.MaxValue : (UInt128.One << bits) - 1;
}
