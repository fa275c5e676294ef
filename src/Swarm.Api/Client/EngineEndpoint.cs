using System.Globalization;

namespace Swarm.Api.Client;

/// <summary>Where an engine listens: a unix socket, or host and port. As Docker's -H and DOCKER_HOST spell it.</summary>
public sealed record EngineEndpoint
{
    /// <summary>Where a daemon listens when nobody says otherwise.</summary>
    public const string Default = "unix:///run/swarm/swarm.sock";

    private const int DefaultPort = 2375;

    private EngineEndpoint(string text) => Text = text;

    /// <summary>As the user wrote it.</summary>
    public string Text { get; }

    /// <summary>Null for TCP.</summary>
    public string? SocketPath { get; private init; }
    public string Host { get; private init; } = "localhost";
    public int Port { get; private init; }

    /// <exception cref="FormatException">Neither unix:///path nor tcp://host:port.</exception>
    public static EngineEndpoint Parse(string text)
    {
        const string unix = "unix://";
        if (text.StartsWith(unix, StringComparison.Ordinal) && text.Length > unix.Length && text[unix.Length] == '/')
        {
            return new EngineEndpoint(text) { SocketPath = text[unix.Length..] };
        }

        var isTcp = text.StartsWith("tcp://", StringComparison.Ordinal) || text.StartsWith("http://", StringComparison.Ordinal);
        if (isTcp && Uri.TryCreate("http://" + text[(text.IndexOf("//", StringComparison.Ordinal) + 2)..], UriKind.Absolute, out var uri))
        {
            var named = text.AsSpan().TrimEnd('/').EndsWith(":" + uri.Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
            return new EngineEndpoint(text) { Host = uri.Host, Port = named ? uri.Port : DefaultPort };
        }

        throw new FormatException($"invalid host '{text}': use unix:///path/to/socket or tcp://host:port");
    }

    /// <summary>The -H option, else DOCKER_HOST, else <see cref="Default"/>.</summary>
    public static EngineEndpoint Resolve(string? option) =>
        Parse(!string.IsNullOrEmpty(option) ? option
            : Environment.GetEnvironmentVariable("DOCKER_HOST") is { Length: > 0 } host ? host : Default);

    public override string ToString() => Text;
}
