using System.Collections.Immutable;
using Swarm.Model;
using Swarm.Rpc.Dispatch;

namespace Swarm.Agent;

/// <summary>The seam between a node's agent and what makes the cluster's networks on the node: the kernel in the product, a script in the simulator.</summary>
public interface INodeNetworks
{
    /// <summary>
    /// Makes the node's part of the cluster's networks what <paramref name="tables"/> (by network) say, and takes away those that are not named. Completes
    /// once the kernel and the names are so. Safe to repeat; calls come one after the other, each with the whole picture.
    /// </summary>
    /// <param name="nodeId">This node's, by which the tables say what is its own.</param>
    Task ApplyAsync(string nodeId, ImmutableDictionary<string, NetworkTable> tables, CancellationToken cancellation);

    /// <summary>What this node holds now, also from before a restart of the daemon, by network.</summary>
    ImmutableDictionary<string, NetworkTable> Tables { get; }

    /// <summary>Networks that were asked for and that this node can never make as it is, and why, by network.</summary>
    ImmutableDictionary<string, string> Unsupported { get; }

    /// <summary>Where the kernel and the names differ from the network's table, one line each; empty: nowhere.</summary>
    Task<ImmutableArray<string>> FaultsAsync(string networkId, CancellationToken cancellation);

    /// <summary>
    /// The places of this node's containers that are no tasks, as they were given and are still used: what a new session tells the managers, who take back
    /// every other place of the node.
    /// </summary>
    ImmutableArray<ContainerPlace> Places { get; }
}
