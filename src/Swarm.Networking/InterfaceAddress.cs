using System.Net;
using System.Net.Sockets;
using Swarm.Networking.Ipam;

namespace Swarm.Networking;

/// <summary>An address and the prefix length of its network.</summary>
public readonly record struct InterfaceAddress(IPAddress Address, int PrefixLength)
{
    public IPNetwork Network => Subnets.Of(Address, PrefixLength);

    /// <param name="text">Of the form 10.10.0.1/24.</param>
    /// <exception cref="NetworkFault">It is not an IPv4 address with a prefix.</exception>
    public static InterfaceAddress Parse(string text) => Read(text, AddressFamily.InterNetwork, AddressPool.LongestPrefix) ?? throw new NetworkFault(
        NetworkFaultKind.Invalid,
        $"invalid bridge address \"{text}\": an IPv4 address with a prefix of {AddressPool.ShortestPrefix} to {AddressPool.LongestPrefix}, such as 10.10.0.1/24");

    /// <param name="text">Of the form fd00:1::1/64.</param>
    /// <exception cref="NetworkFault">It is not an IPv6 address with a prefix.</exception>
    public static InterfaceAddress Parse6(string text) => Read(text, AddressFamily.InterNetworkV6, AddressPool.LongestPrefix6) ?? throw new NetworkFault(
        NetworkFaultKind.Invalid,
        $"invalid bridge address \"{text}\": an IPv6 address with a prefix of {AddressPool.ShortestPrefix} to {AddressPool.LongestPrefix6}, such as fd00:1::1/64");

    public override string ToString() => $"{Address}/{PrefixLength}";

    private static InterfaceAddress? Read(string text, AddressFamily family, int longest)
    {
        var slash = text.IndexOf('/');
        return slash > 0 && IPAddress.TryParse(text[..slash], out var address) && address.AddressFamily == family
            && int.TryParse(text[(slash + 1)..], out var prefix) && prefix >= AddressPool.ShortestPrefix && prefix <= longest
            ? new InterfaceAddress(address, prefix)
            : null;
    }
}
