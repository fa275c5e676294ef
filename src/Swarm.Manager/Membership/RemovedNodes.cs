using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Membership;

/// <summary>
/// The nodes that were taken out of the cluster. A node that is merely unknown here may be one that this manager has not heard of yet; only a
/// removed one is refused.
/// </summary>
public static class RemovedNodes
{
    /// <summary>Nodes remembered; beyond, the ones that expire first are forgotten (they still cannot renew).</summary>
    public const int Max = 1000;

    /// <summary>An older spec may have given out longer lives than the present one.</summary>
    private static readonly TimeSpan LeastMemory = new ClusterSpec().NodeCertExpiry;

    /// <summary>For <see cref="Swarm.Rpc.Hosting.RpcServerOptions.Standing"/>.</summary>
    public static bool Contains(StoreView view, string nodeId)
    {
        if (view.Cluster is not { RemovedNodes.IsDefaultOrEmpty: false } cluster)
        {
            return false;
        }

        foreach (var removed in cluster.RemovedNodes)
        {
            if (removed.NodeId == nodeId)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The cluster's record with one more, without those whose certificates have expired.</summary>
    internal static Cluster Add(Cluster cluster, string nodeId, DateTimeOffset now)
    {
        var memory = cluster.Spec.NodeCertExpiry > LeastMemory ? cluster.Spec.NodeCertExpiry : LeastMemory;
        var kept = cluster.RemovedNodes.Where(removed => removed.Until > now && removed.NodeId != nodeId);
        return cluster with
        {
            RemovedNodes = [.. kept.Append(new RemovedNode { NodeId = nodeId, Until = now + memory }).OrderByDescending(removed => removed.Until).Take(Max)],
        };
    }
}
