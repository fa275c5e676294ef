using System.Net;

namespace Swarm.Api.Hosting;

/// <summary>Where the API listens. There is no TCP unless it is asked for: whoever reaches the API owns the machine.</summary>
public sealed record ApiServerOptions
{
    /// <summary>Paths of unix sockets; made with mode 0660.</summary>
    public IReadOnlyList<string> UnixSockets { get; init; } = [];

    /// <summary>Owns the unix sockets; null: the group of this process.</summary>
    public uint? SocketGroup { get; init; }

    public IReadOnlyList<IPEndPoint> TcpEndpoints { get; init; } = [];

    /// <summary>Of the TCP endpoints; null: without.</summary>
    public ApiTls? Tls { get; init; }

    /// <summary>This product's version, as `docker version` prints it.</summary>
    public string EngineVersion { get; init; } = "";
}
