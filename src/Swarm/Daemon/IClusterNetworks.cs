using System.Collections.Immutable;
using System.Net;
using Swarm.Engine;
using Swarm.Model;
using Swarm.Rpc.Dispatch;

namespace Swarm.Daemon;

/// <summary>The cluster's networks for containers of this node that are no tasks. Addresses are the leader's to give; a cut-off node gets none.</summary>
internal interface IClusterNetworks
{
    /// <summary>The network that a user means by a name, an id or a beginning of one; null if the cluster has none, or this node is in no cluster.</summary>
    /// <exception cref="EngineException">No manager answers.</exception>
    Task<Network?> FindAsync(string network, CancellationToken cancellation);

    /// <summary>
    /// A place on an attachable network. Completes when the place is in the store and this node's own part of the network is made
    /// (<see cref="Agent.INodeNetworks.Tables"/> has the endpoint). A second call for the same container and network answers the place that it has.
    /// </summary>
    /// <param name="asked">Addresses that it must be, at most one of each family; empty: any.</param>
    /// <param name="names">What its neighbours find it by; the first is its own name.</param>
    /// <returns>Null as from <see cref="FindAsync"/>.</returns>
    /// <exception cref="EngineException">403: the network takes no containers; 400 or 409: the addresses can not be had; 500, 503: no manager answers.</exception>
    Task<AttachedNetwork?> AttachAsync(string containerId, string network, ImmutableArray<IPAddress> asked, ImmutableArray<string> names, CancellationToken cancellation);

    /// <summary>
    /// A place is found by <see cref="ContainerPlace.Names"/> from now on. Completes when it is so on this node, or after a little while: the managers then hear
    /// of it by another session.
    /// </summary>
    Task RenameAsync(ContainerPlace place, CancellationToken cancellation);

    /// <summary>Gives the place back. Nothing if there is none. A node without a manager forgets it here, and the managers with its next session.</summary>
    Task DetachAsync(string containerId, string networkId, CancellationToken cancellation);
}

/// <param name="TaskId">The place's key in <see cref="NetworkTable.Endpoints"/>.</param>
/// <param name="Place">Its addresses, CIDR, and names.</param>
internal sealed record AttachedNetwork(string TaskId, Network Network, NetworkAttachment Place);
