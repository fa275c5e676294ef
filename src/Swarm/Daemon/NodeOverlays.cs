using System.Collections.Immutable;
using Swarm.Agent;
using Swarm.Model;
using Swarm.Networking.Bridge;
using Swarm.Rpc.Dispatch;

namespace Swarm.Daemon;

/// <summary>The cluster's networks on this node: the agent's seam on one side, the networking room on the other.</summary>
internal sealed class NodeOverlays(BridgeNetworks networks, ContainerPlaces places) : INodeNetworks
{
    public ImmutableDictionary<string, NetworkTable> Tables => networks.Tables;

    public ImmutableDictionary<string, string> Unsupported => networks.Unsupported;

    public ImmutableArray<ContainerPlace> Places => places.All;

    public Task<ImmutableArray<string>> FaultsAsync(string networkId, CancellationToken cancellation) => networks.FaultsAsync(networkId, cancellation);

    public async Task ApplyAsync(string nodeId, ImmutableDictionary<string, NetworkTable> tables, CancellationToken cancellation)
    {
        try
        {
            await networks.ApplyAsync(nodeId, tables, cancellation);
        }
        finally
        {
            // Only a node that leaves is on no network at all: what it had there, it had of this cluster.
            if (tables.IsEmpty)
            {
                places.Retain(new HashSet<string>());
            }
        }
    }
}
