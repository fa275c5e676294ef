using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Swarm.Engine;
using Swarm.Networking;

namespace Swarm.Daemon;

/// <summary>Turns what `--listen-addr`, `--advertise-addr` and `--data-path-addr` say into addresses, with Docker's rules and texts.</summary>
internal static class NodeAddresses
{
    internal const int DefaultPort = 2377;

    /// <summary>host[:port] or interface[:port]; empty: every address.</summary>
    /// <exception cref="EngineException">400: neither an address nor an interface of this machine.</exception>
    internal static IPEndPoint Listen(string text)
    {
        var (host, port) = Split(text, DefaultPort);
        return new IPEndPoint(host.Length == 0 ? IPAddress.Any : Resolve(host), port);
    }

    /// <summary>
    /// What other nodes dial. Without a wish: the listen address, or the one address that this machine has, or of several that by which it reaches a manager.
    /// </summary>
    /// <param name="ownBridge">The name of the container bridge, whose address nobody else can reach.</param>
    /// <param name="managers">host:port of those that are joined.</param>
    /// <exception cref="EngineException">400: there is no address, or more than one, to choose from.</exception>
    internal static IPEndPoint Advertise(string text, IPEndPoint listen, string ownBridge, params IReadOnlyList<string> managers)
    {
        if (text.Length > 0)
        {
            var (host, port) = Split(text, listen.Port);
            var address = Resolve(host);
            return address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)
                ? throw EngineException.BadRequest("advertise address must be a non-zero IP address or network interface (with optional port number)")
                : new IPEndPoint(address, port);
        }

        return listen.Address.Equals(IPAddress.Any) || listen.Address.Equals(IPAddress.IPv6Any)
            ? new IPEndPoint(OnlyAddress(ownBridge, managers), listen.Port)
            : listen;
    }

    /// <summary>Where other nodes send the frames of networks, as this machine has it now; empty: at the advertised address.</summary>
    /// <param name="wish">Address or interface; empty: none.</param>
    internal static string DataPath(string wish)
    {
        try
        {
            return wish.Length == 0 ? "" : Resolve(wish).ToString();
        }
        catch (EngineException)
        {
            // The interface has gone since it was asked for.
            return "";
        }
    }

    internal static bool IsLocal(IPAddress address) =>
        NetworkInterface.GetAllNetworkInterfaces().SelectMany(Usable).Any(address.Equals);

    /// <summary>
    /// The record with the addresses that this machine has now: an interface's new address where an interface was asked for, otherwise the machine's
    /// only address once the advertised one is gone from it. What cannot be decided, and an address that never was this machine's, stays.
    /// </summary>
    internal static NodeRecord Renewed(NodeRecord record, string ownBridge)
    {
        var advertise = IPEndPoint.Parse(record.AdvertiseAddress);
        if (!record.AdvertiseIsLocal || IsLocal(advertise.Address))
        {
            return record;
        }

        var listen = IPEndPoint.Parse(record.ListenAddress);
        IPAddress now;
        try
        {
            var wished = record.AdvertiseWish is { Length: > 0 } wish ? Split(wish, advertise.Port).Host : "";
            now = wished.Length > 0 && !IPAddress.TryParse(wished, out _) ? Resolve(wished) : OnlyAddress(ownBridge);
        }
        catch (EngineException)
        {
            return record;
        }

        var listensThere = listen.Address.Equals(advertise.Address);
        return record with
        {
            AdvertiseAddress = new IPEndPoint(now, advertise.Port).ToString(),
            ListenAddress = listensThere ? new IPEndPoint(now, listen.Port).ToString() : record.ListenAddress,
        };
    }

    /// <summary>host:port of a manager to join; names are left for the connection to resolve.</summary>
    internal static string Remote(string text)
    {
        var (host, port) = Split(text, DefaultPort);
        return host.Contains(':') ? $"[{host}]:{port}" : $"{host}:{port}";
    }

    private static IPAddress OnlyAddress(string ownBridge, params IReadOnlyList<string> managers)
    {
        var found = NetworkInterface.GetAllNetworkInterfaces()
            .Where(link => link.NetworkInterfaceType != NetworkInterfaceType.Loopback && link.Name != ownBridge && !NodeLinks.IsOurs(link.Name) && link.OperationalStatus != OperationalStatus.Down)
            .SelectMany(link => Usable(link).Select(address => (link.Name, Address: address)))
            .ToList();
        var ipv4 = found.Where(f => f.Address.AddressFamily == AddressFamily.InterNetwork).ToList();
        var candidates = ipv4.Count > 0 ? ipv4 : found;
        return candidates.Count switch
        {
            1 => candidates[0].Address,
            > 1 when managers.Select(AddressTowards).FirstOrDefault(address => candidates.Any(one => one.Address.Equals(address))) is { } way => way,
            0 => throw EngineException.BadRequest("could not find the system's IP address - specify one with --advertise-addr"),
            _ => throw EngineException.BadRequest(
                "could not choose an IP address to advertise since this system has multiple addresses on "
                + $"{(candidates.Select(c => c.Name).Distinct().Count() > 1 ? "different interfaces" : "interface " + candidates[0].Name)} "
                + $"({candidates[0].Address} on {candidates[0].Name} and {candidates[1].Address} on {candidates[1].Name}) - specify one with --advertise-addr"),
        };
    }

    /// <summary>The address by which this machine's packets leave for there; null: it does not know the way. Nothing is sent.</summary>
    private static IPAddress? AddressTowards(string manager)
    {
        try
        {
            var (host, port) = Split(manager, DefaultPort);
            using var socket = new Socket(SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(host, port);
            return socket.LocalEndPoint is IPEndPoint { Address: var address } ? address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private static IPAddress Resolve(string host)
    {
        if (IPAddress.TryParse(host, out var address))
        {
            return address;
        }

        var link = NetworkInterface.GetAllNetworkInterfaces().FirstOrDefault(candidate => candidate.Name == host)
            ?? throw EngineException.BadRequest($"interface {host} not found");
        var addresses = Usable(link).OrderBy(candidate => candidate.AddressFamily != AddressFamily.InterNetwork).ToList();
        return addresses.Count > 0 ? addresses[0] : throw EngineException.BadRequest($"interface {host} has no usable IPv4 or IPv6 address");
    }

    private static IEnumerable<IPAddress> Usable(NetworkInterface link) =>
        link.GetIPProperties().UnicastAddresses.Select(unicast => unicast.Address).Where(address => !address.IsIPv6LinkLocal);

    private static (string Host, int Port) Split(string text, int defaultPort)
    {
        if (text.Length == 0)
        {
            return ("", defaultPort);
        }

        if (IPAddress.TryParse(text, out var whole) && (whole.AddressFamily == AddressFamily.InterNetwork || !text.StartsWith('[')))
        {
            return (text, defaultPort);
        }

        var colon = text.LastIndexOf(':');
        if (colon < 0 || text.EndsWith(']'))
        {
            return (text.Trim('[', ']'), defaultPort);
        }

        return ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0
            ? (text[..colon].Trim('[', ']'), port)
            : throw EngineException.BadRequest($"invalid port in address {text}");
    }
}
