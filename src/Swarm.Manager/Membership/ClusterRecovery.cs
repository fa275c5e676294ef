using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Membership;

/// <summary>
/// A cluster that goes on from one manager after its quorum was lost for good. Identity, certificates, services and workers stay; whoever else was a
/// manager is a worker now, and what it still believes as a manager counts no more.
/// </summary>
public static class ClusterRecovery
{
    /// <summary>The records to commit once the survivor leads alone, before it answers any other manager.</summary>
    /// <param name="address">host:port at which the survivor is dialled from now on.</param>
    /// <exception cref="InvalidOperationException">The survivor's replica is empty: there is nothing to go on from.</exception>
    public static StoreTransaction Transaction(StoreView view, string survivor, string address)
    {
        var cluster = view.Cluster ?? throw new InvalidOperationException("this manager's replica holds no cluster: there is nothing to recover from");
        var self = view.Nodes.Find(survivor) ?? throw new InvalidOperationException("this manager's replica does not know this node: there is nothing to recover from");
        var transaction = new StoreTransaction()
            .Update(cluster with { Recoveries = cluster.Recoveries + 1 })
            .Update(self with { Role = NodeRole.Manager, Spec = self.Spec with { Role = NodeRole.Manager }, Manager = new ManagerStatus { Address = address } });
        foreach (var node in view.Nodes.Where(node => node.Id != survivor && (node.Manager is not null || node.Role == NodeRole.Manager || node.Spec.Role == NodeRole.Manager)))
        {
            transaction.Update(node with { Role = NodeRole.Worker, Spec = node.Spec with { Role = NodeRole.Worker }, Manager = null });
        }

        return transaction;
    }

    /// <summary>
    /// Whether a manager whose replica counts so many recoveries was left behind by one. A manager that is wanted may lag behind, or have joined with
    /// an empty replica; one that is not wanted and does not know why comes from before the recovery.
    /// </summary>
    public static bool IsOutdated(StoreView view, string nodeId, long recoveries) =>
        view.Cluster is { } cluster && recoveries < cluster.Recoveries && view.Nodes.Find(nodeId) is not { Spec.Role: NodeRole.Manager };
}
