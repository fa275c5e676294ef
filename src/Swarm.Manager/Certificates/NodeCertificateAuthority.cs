using System.Collections.Immutable;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Swarm.Manager.Membership;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Certificates;
using Swarm.Rpc.Dispatch;
using Swarm.Security;
using Swarm.Store;

namespace Swarm.Manager.Certificates;

/// <summary>
/// Issues node certificates from the root in the cluster's record. Every manager can: what it decides on is read linearizably, and the node's
/// record is committed before its certificate leaves.
/// </summary>
public sealed class NodeCertificateAuthority(IObjectStore store, TimeProvider time, ILogger<NodeCertificateAuthority> log) : INodeCa
{
    /// <summary>SwarmKit's answer to a well-formed token that is not this cluster's.</summary>
    internal const string WrongToken = "A valid join token is necessary to join this cluster";

    /// <summary>Commits that one join tries while others move the same records.</summary>
    private const int MaxAttempts = 5;

    public Task<RootCertificateResponse> GetRootCertificateAsync(CancellationToken cancellation) =>
        Task.FromResult(new RootCertificateResponse { Certificate = ClusterOf(store.View).RootCa.Certificate });

    public async Task<IssuedCertificate> IssueCertificateAsync(IssueCertificateRequest request, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            var view = await StoreFaults.ReadAsync(store, cancellation).ConfigureAwait(false);
            var cluster = ClusterOf(view);
            var role = RoleOf(cluster.RootCa, request.JoinToken);
            var issued = Issue(cluster, request.Request, nodeId: null, role);
            if (RemovedNodes.Contains(view, issued.NodeId))
            {
                throw new RpcFault(RpcStatus.PermissionDenied, $"node {issued.NodeId} was removed from this cluster");
            }

            if (view.Nodes.Find(issued.NodeId) is { } known)
            {
                // The same machine asks again: its first answer was lost.
                return known.Role == role
                    ? issued with { Managers = ManagersOf(view) }
                    : throw new RpcFault(RpcStatus.InvalidArgument, $"node {known.Id} has joined with another role already");
            }

            var node = new Node { Id = issued.NodeId, Role = role, Spec = new NodeSpec { Role = role, Availability = request.Availability } };
            var commit = await store.CommitAsync(new StoreTransaction().Create(node), cancellation).ConfigureAwait(false);
            if (commit.IsCommitted)
            {
                log.Joined(node.Id, role);
                return issued with { Managers = ManagersOf(view) };
            }

            if (commit.Status is not (CommitStatus.Exists or CommitStatus.Unknown) || attempt == MaxAttempts)
            {
                throw StoreFaults.Of(commit, $"node {node.Id} could not join");
            }
        }
    }

    public async Task<IssuedCertificate> RenewCertificateAsync(NodeIdentity caller, RenewCertificateRequest request, CancellationToken cancellation)
    {
        var view = await StoreFaults.ReadAsync(store, cancellation).ConfigureAwait(false);
        var node = view.Nodes.Find(caller.NodeId)
            ?? throw new RpcFault(RpcStatus.PermissionDenied, $"node {caller.NodeId} is not part of this cluster");
        // Not the spec's role: a manager that shall be a worker stays one until it has left the consensus (RoleReconciler).
        return Issue(ClusterOf(view), request.Request, node.Id, node.Role) with { Managers = ManagersOf(view) };
    }

    /// <param name="nodeId">Null: a new node, named after its key.</param>
    private IssuedCertificate Issue(Cluster cluster, string request, string? nodeId, NodeRole role)
    {
        using var root = RootCertificate.Parse(cluster.RootCa.Certificate, cluster.RootCa.Key);
        try
        {
            var identity = new NodeIdentity(nodeId ?? RootCertificate.NodeIdOf(request), role, cluster.Id);
            var certificate = root.IssueNodeCertificate(request, identity, cluster.Spec.NodeCertExpiry, time);
            return new IssuedCertificate { NodeId = identity.NodeId, Role = role, Certificate = certificate };
        }
        catch (CryptographicException refused)
        {
            throw new RpcFault(RpcStatus.InvalidArgument, refused.Message);
        }
    }

    private static NodeRole RoleOf(RootCa root, string token)
    {
        // Both are compared, so that the time taken does not say which was nearer.
        var manager = JoinToken.Matches(root.ManagerJoinToken, token);
        var worker = JoinToken.Matches(root.WorkerJoinToken, token);
        return manager ? NodeRole.Manager : worker ? NodeRole.Worker : throw new RpcFault(RpcStatus.InvalidArgument, WrongToken);
    }

    private static Cluster ClusterOf(StoreView view) =>
        view.Cluster ?? throw new RpcFault(RpcStatus.Unavailable, "this manager has not caught up with its cluster yet");

    private static ImmutableArray<ManagerAddress> ManagersOf(StoreView view) =>
        [.. view.Nodes.Where(node => node.Manager is not null).Select(node => new ManagerAddress { NodeId = node.Id, Address = node.Manager!.Address })];
}
