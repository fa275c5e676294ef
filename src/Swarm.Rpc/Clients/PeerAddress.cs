using System.Globalization;
using System.Net;

namespace Swarm.Rpc.Clients;

/// <summary>host:port, as nodes write it.</summary>
public static class PeerAddress
{
    /// <summary>Longest DNS name, a colon and a port.</summary>
    public const int MaxLength = 253 + 1 + 5;

    /// <summary>host and port to dial: no port is 2377, no host or an any-address is this host.</summary>
    /// <exception cref="RpcFault"><see cref="RpcStatus.InvalidArgument"/>: not an address.</exception>
    public static DnsEndPoint ToDial(string address)
    {
        var (host, port) = Split(address);
        return new DnsEndPoint(IsAnywhere(host) ? IPAddress.Loopback.ToString() : host, port);
    }

    /// <summary>The address at which the other end of a connection is reached, if it says <paramref name="said"/> of itself.</summary>
    public static string SeenFrom(string said, IPAddress? connection)
    {
        var (host, port) = Split(said);
        if (IsAnywhere(host) && connection is not null)
        {
            host = (connection.IsIPv4MappedToIPv6 ? connection.MapToIPv4() : connection).ToString();
        }

        return Join(host, port);
    }

    public static string Join(string host, int port) =>
        string.Create(CultureInfo.InvariantCulture, $"{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{port}");

    private static bool IsAnywhere(string host) => host.Length == 0 || (IPAddress.TryParse(host, out var ip) && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any)));

    private static (string Host, int Port) Split(string address)
    {
        var text = address;
        var port = RpcLimits.DefaultPort;
        var colon = text.LastIndexOf(':');
        var bracket = text.LastIndexOf(']');
        if (colon > bracket && (bracket > 0 || text.IndexOf(':', StringComparison.Ordinal) == colon))
        {
            if (!int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is 0 or > ushort.MaxValue)
            {
                throw Invalid(address);
            }

            text = text[..colon];
        }

        text = text.Trim('[', ']');
        return text.Length <= MaxLength && (text.Length == 0 || Uri.CheckHostName(text) != UriHostNameType.Unknown) ? (text, port) : throw Invalid(address);
    }

    private static RpcFault Invalid(string address) =>
        new(RpcStatus.InvalidArgument, $"invalid address {(address.Length > MaxLength ? address[..MaxLength] : address)}: host:port is needed");
}
