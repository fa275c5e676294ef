using Swarm.Manager.Membership;
using Swarm.Model;
using Swarm.Rpc.Hosting;
using Swarm.Security;
using Swarm.Store;

namespace Swarm.Manager.Certificates;

/// <summary>What this manager's replica says of a node that calls. It may lag, so a certificate that is newer than the record is believed.</summary>
public static class NodeStandings
{
    /// <summary>Whether a node with this record should get a newer certificate, though its role is right: <see cref="Node.PromotedAt"/>.</summary>
    public static bool IsOutdated(NodeCertificate certificate, Node record) =>
        record.Role == NodeRole.Manager && certificate.Identity.Role == NodeRole.Manager && certificate.StoreIndex < record.PromotedAt;

    /// <summary>For <see cref="RpcServerOptions.Standing"/>.</summary>
    /// <param name="issuedAt">The store's index that the certificate's issue was decided at.</param>
    public static NodeStanding Of(StoreView view, NodeIdentity identity, long issuedAt)
    {
        if (RemovedNodes.Contains(view, identity.NodeId))
        {
            return NodeStanding.Removed;
        }

        // A record that says worker was written after any manager's certificate of before the demotion, and before any of after the next promotion.
        return identity.Role == NodeRole.Manager && view.Nodes.Find(identity.NodeId) is { Role: NodeRole.Worker } node && issuedAt <= node.Meta.Version
            ? NodeStanding.Demoted
            : NodeStanding.Good;
    }
}
