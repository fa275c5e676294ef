using Swarm.Model;
using Swarm.Security;

namespace Swarm.Rpc.Hosting;

/// <summary>Decides each call anew, so that an open connection does not outlive a certificate or a node's membership.</summary>
/// <param name="standing">What the cluster's records say of a node with a certificate that was issued at a store index.</param>
internal sealed class CallGate(TimeProvider time, Func<NodeIdentity, long, NodeStanding> standing)
{
    private static readonly NodeIdentity Nobody = new("", NodeRole.Worker, "");

    /// <exception cref="RpcFault">The caller may not.</exception>
    internal NodeIdentity Admit(Caller caller, CallPolicy policy, string method)
    {
        if (policy == CallPolicy.Anybody)
        {
            return caller.Identity ?? Nobody;
        }

        if (policy == CallPolicy.Joining)
        {
            return caller.Identity is null
                ? Nobody
                : throw new RpcFault(RpcStatus.PermissionDenied, $"{method}: node {caller.Identity.NodeId} has a certificate already");
        }

        if (caller.Identity is not { } identity)
        {
            throw new RpcFault(RpcStatus.Unauthenticated, $"{method}: a node certificate of this cluster is needed");
        }

        if (caller.NotAfter <= time.GetUtcNow())
        {
            throw new RpcFault(RpcStatus.Unauthenticated, $"{method}: the certificate of node {identity.NodeId} has expired");
        }

        var stands = standing(identity, caller.StoreIndex);
        if (stands == NodeStanding.Removed)
        {
            throw new RpcFault(RpcStatus.PermissionDenied, $"{method}: node {identity.NodeId} was removed from this cluster");
        }

        return policy == CallPolicy.Node || (identity.Role == NodeRole.Manager && stands != NodeStanding.Demoted)
            ? identity
            : throw new RpcFault(RpcStatus.PermissionDenied, $"{method}: node {identity.NodeId} is not a manager");
    }
}
