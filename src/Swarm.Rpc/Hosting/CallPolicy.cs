using Swarm.Model;
using Swarm.Security;

namespace Swarm.Rpc.Hosting;

/// <summary>Who may make a call.</summary>
internal enum CallPolicy
{
    /// <summary>Anybody who reaches the port.</summary>
    Anybody,

    /// <summary>A machine that is in no cluster yet: what it presents is a join token.</summary>
    Joining,

    /// <summary>Every node of this cluster.</summary>
    Node,

    /// <summary>Managers of this cluster.</summary>
    Manager,
}

/// <summary>Decides each call anew, so that an open connection does not outlive a certificate or a node's membership.</summary>
/// <param name="isRemoved">Whether a node id was taken out of the cluster for good.</param>
internal sealed class CallGate(TimeProvider time, Func<string, bool> isRemoved)
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

        if (isRemoved(identity.NodeId))
        {
            throw new RpcFault(RpcStatus.PermissionDenied, $"{method}: node {identity.NodeId} was removed from this cluster");
        }

        return policy == CallPolicy.Node || identity.Role == NodeRole.Manager
            ? identity
            : throw new RpcFault(RpcStatus.PermissionDenied, $"{method}: node {identity.NodeId} is not a manager");
    }
}
