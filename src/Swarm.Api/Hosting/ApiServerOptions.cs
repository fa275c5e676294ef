using System.Net;

namespace Swarm.Api.Hosting;

/// <summary>Where the API listens. There is no TCP unless it is asked for: whoever reaches the API owns the machine.</summary>
public sealed record ApiServerOptions
{
    /// <summary>Paths of unix sockets; made with mode 0660.</summary>
    public IReadOnlyList<string> UnixSockets { get; init; } = [];

    public IReadOnlyList<IPEndPoint> TcpEndpoints { get; init; } = [];

    /// <summary>This product's version, as `docker version` prints it.</summary>
    public string EngineVersion { get; init; } = "";

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
