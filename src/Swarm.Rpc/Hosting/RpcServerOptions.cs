using System.Net;

namespace Swarm.Rpc.Hosting;

public sealed record RpcServerOptions
{
    public IPEndPoint Listen { get; init; } = new(IPAddress.Any, RpcLimits.DefaultPort);

    /// <summary>Whether a node id was taken out of the cluster for good; asked at every call, so it must be quick.</summary>
    public Func<string, bool> IsRemoved { get; init; } = static _ => false;

    /// <summary>A manager called and said at which host:port it is dialled.</summary>
    public Action<string, string> PeerSeen { get; init; } = static (_, _) => { };
}
