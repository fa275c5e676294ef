using Swarm.Rpc.Certificates;
using Swarm.Rpc.Consensus;
using Swarm.Rpc.Dispatch;
using Swarm.Rpc.Membership;

namespace Swarm.Rpc.Hosting;

/// <summary>What a node answers. Null: not (yet) offered here; callers are told so and ask the next manager.</summary>
public sealed record RpcServices
{
    /// <summary>Of a node that is no manager.</summary>
    public static readonly RpcServices None = new();

    public IDispatcher? Dispatcher { get; init; }

    public INodeCa? NodeCa { get; init; }

    public IMembership? Membership { get; init; }

    public PeerCallHandler? Consensus { get; init; }
}
