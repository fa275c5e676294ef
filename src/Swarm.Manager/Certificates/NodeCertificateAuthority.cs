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
/// Issues node certificates of the root in the cluster's record (the new one, while it changes), or has them signed by its external authority. Every
/// manager can: what it decides on is read linearizably, and the node's record is committed before its certificate leaves.
/// </summary>
/// <param name="external">Null: there is no way to authorities outside.</param>
public sealed class NodeCertificateAuthority(IObjectStore store, TimeProvider time, ILogger<NodeCertificateAuthority> log, CfsslClient? external = null) : INodeCa
{
    /// <summary>Docker's own lower bound of a certificate's life.</summary>
    public static readonly TimeSpan DefaultLeastLifetime = TimeSpan.FromHours(1);

    /// <summary>SwarmKit's answer to a well-formed token that is not this cluster's.</summary>
    internal const string WrongToken = "A valid join token is necessary to join this cluster";

    /// <summary>Commits that one join tries while others move the same records.</summary>
    private const int MaxAttempts = 5;

    /// <summary>No certificate lives shorter, whatever the record says.</summary>
    public TimeSpan LeastLifetime { get; init; } = DefaultLeastLifetime;

    public Task<RootCertificateResponse> GetRootCertificateAsync(CancellationToken cancellation) =>
        Task.FromResult(new RootCertificateResponse { Certificate = ClusterOf(store.View).RootCa.Certificate });

    public async Task<IssuedCertificate> IssueCertificateAsync(IssueCertificateRequest request, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            var view = await StoreFaults.ReadAsync(store, cancellation).ConfigureAwait(false);
            var cluster = ClusterOf(view);
            var role = RoleOf(cluster.RootCa, request.JoinToken);
            var nodeId = NodeIdOf(request.Request);
            if (RemovedNodes.Contains(view, nodeId))
            {
                throw new RpcFault(RpcStatus.PermissionDenied, $"node {nodeId} was removed from this cluster");
            }

            var issued = await IssueAsync(view, cluster, request.Request, nodeId, role, cancellation).ConfigureAwait(false);

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
        return await IssueAsync(view, ClusterOf(view), request.Request, node.Id, node.Role, cancellation).ConfigureAwait(false) with { Managers = ManagersOf(view) };
    }

    private async Task<IssuedCertificate> IssueAsync(StoreView view, Cluster cluster, string request, string nodeId, NodeRole role, CancellationToken cancellation)
    {
        var identity = new NodeIdentity(nodeId, role, cluster.Id);
        var lifetime = cluster.Spec.NodeCertExpiry < LeastLifetime ? LeastLifetime : cluster.Spec.NodeCertExpiry;
        var (present, rotation) = (cluster.RootCa, cluster.RootCa.Rotation);
        try
        {
            using var root = RootCertificate.Parse(ClusterRoots.Issuing(present), rotation is null ? present.Key : rotation.Key);
            // An authority outside comes first where there is one: it is there because it shall decide.
            var authorities = ClusterRoots.ExternalFor(cluster.Spec, present, root.Digest).ToList();
            var certificate = authorities.Count > 0 && external is not null
                ? await external.SignNodeAsync(authorities, root, ClusterRoots.Trusted(present), request, identity, view.Index, cancellation).ConfigureAwait(false)
                : root.CanIssue
                    ? root.IssueNodeCertificate(request, identity, lifetime, time, view.Index)
                    : throw new ExternalCaException("the root's key is not here and no external CA is configured for it");
            return new IssuedCertificate
            {
                NodeId = nodeId,
                Role = role,
                Certificate = certificate + rotation?.CrossSigned,
                TrustRoots = ClusterRoots.Trusted(present),
            };
        }
        catch (CryptographicException refused)
        {
            throw new RpcFault(RpcStatus.InvalidArgument, refused.Message);
        }
        catch (ExternalCaException failure)
        {
            log.NotSigned(nodeId, failure.Message);
            throw new RpcFault(RpcStatus.Unavailable, $"no certificate could be had for node {nodeId}: {failure.Message}");
        }
    }

    private static string NodeIdOf(string request)
    {
        try
        {
            return RootCertificate.NodeIdOf(request);
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
