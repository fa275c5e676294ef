using System.Globalization;

namespace Swarm.Commands;

/// <summary>Where a daemon listens, as -H spells it: unix://path, tcp://[host][:port], a path alone, host:port; fd://[number], a socket that was passed on.</summary>
internal static class DaemonHosts
{
    private const int PlainPort = 2375, TlsPort = 2376, FirstDescriptor = 3;
    private const string Unix = "unix://", Tcp = "tcp://", Descriptors = "fd://";

    /// <summary>Null: it can be listened on.</summary>
    public static string? Wrong(string text)
    {
        try
        {
            Normal(text, tls: false, "");
            return null;
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }

    /// <summary>unix:///path, tcp://host:port, fd:// or fd://number.</summary>
    /// <param name="defaultSocket">For an empty text.</param>
    /// <exception cref="FormatException">It cannot be listened on.</exception>
    public static string Normal(string text, bool tls, string defaultSocket)
    {
        text = text.Trim();
        if (text.Length == 0 || text == Unix)
        {
            return Unix + defaultSocket;
        }

        if (text.StartsWith(Descriptors, StringComparison.Ordinal))
        {
            return Descriptors + Descriptor(text[Descriptors.Length..]);
        }

        if (text.StartsWith(Unix, StringComparison.Ordinal))
        {
            return Unix + Path.GetFullPath(text[Unix.Length..]);
        }

        if (text.StartsWith('/'))
        {
            return Unix + text;
        }

        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        if (scheme >= 0 && !text.StartsWith(Tcp, StringComparison.Ordinal))
        {
            throw new FormatException($"invalid bind address ({text}): unsupported proto '{text[..scheme]}'");
        }

        return Tcp + Address(scheme < 0 ? text : text[Tcp.Length..], text, tls ? TlsPort : PlainPort);
    }

    /// <summary>Empty: all that were passed on.</summary>
    private static string Descriptor(string text) =>
        text is "" or "*" ? ""
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= FirstDescriptor ? text
        : throw new FormatException($"invalid bind address ({Descriptors}{text}): should be a number from {FirstDescriptor}, or nothing for all sockets");

    private static string Address(string address, string text, int defaultPort)
    {
        if (address.Contains('/', StringComparison.Ordinal))
        {
            throw new FormatException($"invalid bind address ({text}): should not contain a path element");
        }

        // An IPv6 address is in brackets.
        var colon = address.EndsWith(']') ? -1 : address.LastIndexOf(':');
        var port = colon < 0 || colon == address.Length - 1 ? defaultPort.ToString(CultureInfo.InvariantCulture) : address[(colon + 1)..];
        var host = colon < 0 ? address : address[..colon];
        return ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out _) && (!host.Contains(':', StringComparison.Ordinal) || host.StartsWith('['))
            ? $"{(host.Length == 0 ? "localhost" : host)}:{port}"
            : throw new FormatException($"invalid bind address ({text}): use tcp://host:port");
    }
}
