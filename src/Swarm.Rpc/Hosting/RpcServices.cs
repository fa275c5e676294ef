using Swarm.Rpc.Certificates;
using Swarm.Rpc.Consensus;
using Swarm.Rpc.Dispatch;
using Swarm.Rpc.Membership;
using Swarm.Rpc.Work;

namespace Swarm.Rpc.Hosting;

/// <summary>What a node answers. Null: not (yet) offered here; callers are told so and ask the next manager.</summary>
public sealed record RpcServices
{
    /// <summary>Of a node that offers nothing yet.</summary>
    public static readonly RpcServices None = new();

    public IDispatcher? Dispatcher { get; init; }

    public INodeCa? NodeCa { get; init; }

    public IMembership? Membership { get; init; }

    public PeerCallHandler? Consensus { get; init; }

    /// <summary>Of every node that runs tasks.</summary>
    public INodeWork? Work { get; init; }
}
