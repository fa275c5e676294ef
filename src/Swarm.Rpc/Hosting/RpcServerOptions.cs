using System.Net;
using Swarm.Security;

namespace Swarm.Rpc.Hosting;

public sealed record RpcServerOptions
{
    public IPEndPoint Listen { get; init; } = new(IPAddress.Any, RpcLimits.DefaultPort);

    /// <summary>
    /// What the records say of a node with a certificate that was issued at a store index (<see cref="StoreIndexName"/>); asked at every call, so it must
    /// be quick.
    /// </summary>
    public Func<NodeIdentity, long, NodeStanding> Standing { get; init; } = static (_, _) => NodeStanding.Good;

    /// <summary>A manager called and said at which host:port it is dialled.</summary>
    public Action<string, string> PeerSeen { get; init; } = static (_, _) => { };

    /// <summary>
    /// Whether a manager of this id, whose replica counts so many recoveries (<see cref="Swarm.Model.Cluster.Recoveries"/>), belongs to the cluster as
    /// it was before a recovery; asked at every consensus call.
    /// </summary>
    public Func<string, long, bool> IsOutdated { get; init; } = static (_, _) => false;

    /// <summary>host:port of the known managers by node id: told to a node that looks for them.</summary>
    public Func<IReadOnlyDictionary<string, string>> Peers { get; init; } = static () => new Dictionary<string, string>();
}
