using Swarm.Manager.Membership;
using Swarm.Model;
using Swarm.Store;
using Swarm.Store.Consensus;

namespace Swarm.Manager.Control;

/// <summary>What users do to nodes.</summary>
public sealed class NodeControl(IObjectStore store)
{
    /// <param name="version">The node's version that the user decided on.</param>
    /// <exception cref="ControlException">Refused: out of sequence, or the managers would lose their majority.</exception>
    public async Task UpdateAsync(string idOrName, long version, NodeSpec spec, CancellationToken cancellation)
    {
        var members = spec.Role == NodeRole.Worker ? await store.MembersAsync(cancellation).ConfigureAwait(false) : [];
        await store.CommitAsync(
            view =>
            {
                var node = view.Node(idOrName);
                var transaction = new StoreTransaction();
                if (node.Spec.Role == NodeRole.Manager && spec.Role == NodeRole.Worker)
                {
                    // Written again as it is, so that of two demotions at once, each sure of the other's manager, one is looked at again.
                    transaction.Update(EnsureMayBeDemoted(view, node, members));
                }

                Commits.EnsureVersion(node.Meta.Version, version);
                var updated = node with { Spec = spec };
                return (transaction.Update(updated), updated);
            },
            nameTaken: null,
            cancellation).ConfigureAwait(false);
    }

    /// <param name="force">Also if the node is not down.</param>
    /// <exception cref="ControlException">Refused.</exception>
    public Task RemoveAsync(string idOrName, bool force, CancellationToken cancellation) => store.CommitAsync(
        view =>
        {
            var node = view.Node(idOrName);
            if (node.Manager is not null)
            {
                throw ControlException.Refused($"node {node.Id} is a cluster manager and is a member of the raft cluster. It must be demoted to worker before removal");
            }

            if (!force && node.Status.State is NodeState.Ready or NodeState.Suspect)
            {
                throw ControlException.Refused($"node {node.Id} is not down and can't be removed");
            }

            return (new StoreTransaction().Delete(node), node);
        },
        nameTaken: null,
        cancellation);

    /// <summary>Answers a manager that stays one.</summary>
    private Node EnsureMayBeDemoted(StoreView view, Node node, IReadOnlyList<ConsensusMember> members)
    {
        var stays = view.Nodes.Where(other => other.Id != node.Id && other.Spec.Role == NodeRole.Manager).OrderBy(other => other.Manager is null).FirstOrDefault()
            ?? throw ControlException.Refused("attempting to demote the last manager of the swarm");

        if (node.Manager is null)
        {
            throw new ControlException(404, "rpc error: code = NotFound desc = can't find manager in raft memberlist");
        }

        // Where the leader could not be asked nothing is known, and the reconciler of whoever leads waits for a safe moment anyway.
        if (members.Any(member => member.Reachable is not null) && !Quorum.SurvivesWithout(members, node.Id, store.Leadership.LeaderId ?? ""))
        {
            throw ControlException.Refused("can't remove member from the raft: this would result in a loss of quorum");
        }

        return stays;
    }
}
