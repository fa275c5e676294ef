using System.Collections.Immutable;
using Swarm.Model;
using Swarm.Rpc.Dispatch;

namespace Swarm.Agent;

/// <summary>What a session told of the cluster beyond assignments. Each part is set only when it is news.</summary>
/// <param name="Node">This node's own record: the role that is wanted of it, its availability.</param>
/// <param name="Managers">All managers; empty: no change.</param>
/// <param name="TrustRoot">PEM of the trusted roots.</param>
/// <param name="IssuingRoot">sha256:... of the root that the node's certificate shall be of.</param>
/// <param name="Removed">The cluster does not know this node any more.</param>
public sealed record AgentNews(Node? Node, ImmutableArray<ManagerAddress> Managers, string? TrustRoot, string? IssuingRoot, bool Removed);
