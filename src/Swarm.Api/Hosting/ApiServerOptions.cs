using System.Net;
using System.Net.Sockets;
using Swarm.Api.Authorization;

namespace Swarm.Api.Hosting;

/// <summary>Where the API listens. There is no TCP unless it is asked for: whoever reaches the API owns the machine.</summary>
public sealed record ApiServerOptions
{
    /// <summary>Paths of unix sockets; made with mode 0660.</summary>
    public IReadOnlyList<string> UnixSockets { get; init; } = [];

    /// <summary>Gives a unix socket its owner, before anybody can connect; null: it stays this process's.</summary>
    public Action<string>? OwnSocket { get; init; }

    /// <summary>Sockets that somebody bound; the server takes them over.</summary>
    public IReadOnlyList<Socket> PassedSockets { get; init; } = [];

    public IReadOnlyList<IPEndPoint> TcpEndpoints { get; init; } = [];

    /// <summary>Of the TCP endpoints; null: without.</summary>
    public ApiTls? Tls { get; init; }

    /// <summary>Each is asked about each request; the options do not own them.</summary>
    public IReadOnlyList<AuthorizationPlugin> Authorization { get; init; } = [];

    /// <summary>This product's version, as `docker version` prints it.</summary>
    public string EngineVersion { get; init; } = "";

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
