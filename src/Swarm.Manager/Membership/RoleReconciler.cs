using Microsoft.Extensions.Logging;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Store;
using Swarm.Store.Consensus;

namespace Swarm.Manager.Membership;

/// <summary>
/// The leader's loop that brings a node's role to what its spec wants, without ever losing the quorum. Promotion: the record's role rises, the node
/// hears of it by its session, renews its certificate and asks to join. Demotion: the node leaves the consensus first, then its role falls. A member
/// whose record is gone is removed, and removed nodes are remembered as such.
/// </summary>
public sealed class RoleReconciler(IObjectStore store, IConsensus consensus, MembershipQueue changes, TimeProvider time, ILogger<RoleReconciler> log)
{
    /// <summary>Reachability is no event, so what had to wait for it is looked at again after this.</summary>
    internal static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    /// <summary>For one change of the consensus: one that hangs must not hold up the others for ever.</summary>
    internal static readonly TimeSpan ChangeTimeout = TimeSpan.FromSeconds(10);

    // Managers that wait for a safe moment: said once, not every second. Only the pass touches it.
    private readonly HashSet<string> _waiting = new(StringComparer.Ordinal);

    /// <summary>Runs while this node leads: until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            using var watch = store.Watch();
            try
            {
                await WatchAsync(watch, cancellation).ConfigureAwait(false);
            }
            catch (WatchLaggedException)
            {
                // Start over from a new view.
            }
        }
    }

    private async Task WatchAsync(StoreWatch watch, CancellationToken cancellation)
    {
        var removed = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            var settled = await TryPassAsync(removed, cancellation).ConfigureAwait(false);
            using var over = new CancellationTokenSource(settled ? Timeout.InfiniteTimeSpan : Retry, time);
            using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation, over.Token);
            try
            {
                await UntilNodesChangeAsync(watch, removed, ends.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // Time to look again.
            }
        }
    }

    private static async Task UntilNodesChangeAsync(StoreWatch watch, HashSet<string> removed, CancellationToken cancellation)
    {
        while (true)
        {
            var commit = await watch.Commits.ReadAsync(cancellation).ConfigureAwait(false);
            var changed = false;
            foreach (var change in commit.Changes)
            {
                if (change.Table == TableKind.Node)
                {
                    changed |= change.Kind != ChangeKind.Update || RolesOf(change.Old) != RolesOf(change.New);
                    if (change.Kind == ChangeKind.Delete)
                    {
                        removed.Add(change.Object.Id);
                    }
                }
            }

            if (changed)
            {
                return;
            }
        }
    }

    private static (NodeRole?, NodeRole?) RolesOf(IStoreObject? record) => ((record as Node)?.Spec.Role, (record as Node)?.Role);

    private async Task<bool> TryPassAsync(HashSet<string> removed, CancellationToken cancellation)
    {
        try
        {
            return await changes.EnqueueAsync(stopping => PassAsync(removed, stopping), cancellation).ConfigureAwait(false);
        }
        catch (Exception reason) when (reason is RpcFault or NotLeadingException || (reason is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            log.Postponed(reason.Message);
            return false;
        }
    }

    /// <summary>Whether nothing is left to do.</summary>
    private async Task<bool> PassAsync(HashSet<string> removed, CancellationToken cancellation)
    {
        var view = store.View;
        if (store.Leadership is not { IsLeader: true, LeaderId: { } self } || view.Cluster is null)
        {
            return false;
        }

        var settled = true;
        foreach (var node in view.Nodes)
        {
            settled &= (node.Spec.Role, node.Role) switch
            {
                (NodeRole.Manager, NodeRole.Worker) => await PromoteAsync(node, cancellation).ConfigureAwait(false),
                (NodeRole.Worker, NodeRole.Manager) => await DemoteAsync(node, self, cancellation).ConfigureAwait(false),
                (NodeRole.Manager, NodeRole.Manager) when node.Manager is not null && !IsMember(node.Id) => await EndDemotionAsync(node, self, cancellation).ConfigureAwait(false),
                _ => true,
            };
        }

        foreach (var member in consensus.Members.Where(member => view.Nodes.Find(member.NodeId) is null))
        {
            settled &= await RemoveAsync(member.NodeId, self, cancellation).ConfigureAwait(false);
        }

        return settled & await RememberAsync(removed, cancellation).ConfigureAwait(false);
    }

    private async Task<bool> PromoteAsync(Node node, CancellationToken cancellation)
    {
        var commit = await store.CommitAsync(new StoreTransaction().Update(node with { Role = NodeRole.Manager, PromotedAt = store.View.Index }), cancellation).ConfigureAwait(false);
        if (commit.IsCommitted)
        {
            log.Promoted(node.Id);
        }

        return commit.IsCommitted;
    }

    private async Task<bool> DemoteAsync(Node node, string self, CancellationToken cancellation)
    {
        if (!await RemoveAsync(node.Id, self, cancellation).ConfigureAwait(false))
        {
            return false;
        }

        var commit = await store.CommitAsync(new StoreTransaction().Update(node with { Role = NodeRole.Worker, Manager = null }), cancellation).ConfigureAwait(false);
        if (commit.IsCommitted)
        {
            log.Demoted(node.Id);
        }

        return commit.IsCommitted;
    }

    /// <summary>Wanted again while it was being demoted, and a member no more: the demotion is ended, and the next pass promotes anew.</summary>
    private async Task<bool> EndDemotionAsync(Node node, string self, CancellationToken cancellation)
    {
        await DemoteAsync(node, self, cancellation).ConfigureAwait(false);
        return false;
    }

    private bool IsMember(string nodeId) => consensus.Members.Any(member => member.NodeId == nodeId);

    /// <summary>Whether the node is no member (any more).</summary>
    private async Task<bool> RemoveAsync(string nodeId, string self, CancellationToken cancellation)
    {
        if (!IsMember(nodeId))
        {
            return true;
        }

        if (!Quorum.SurvivesWithout(consensus.Members, nodeId, self))
        {
            if (_waiting.Add(nodeId))
            {
                log.Unsafe(nodeId);
            }

            return false;
        }

        _waiting.Remove(nodeId);
        using var late = new CancellationTokenSource(ChangeTimeout, time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        if (nodeId == self)
        {
            // The next leader goes on from here.
            log.Transferring();
            await consensus.TransferLeadershipAsync(ends.Token).ConfigureAwait(false);
            return false;
        }

        return await consensus.RemoveMemberAsync(nodeId, ends.Token).ConfigureAwait(false);
    }

    private async Task<bool> RememberAsync(HashSet<string> removed, CancellationToken cancellation)
    {
        removed.RemoveWhere(id => store.View.Nodes.Find(id) is not null || RemovedNodes.Contains(store.View, id));
        if (removed.Count == 0 || store.View.Cluster is not { } cluster)
        {
            return true;
        }

        var remembered = removed.Aggregate(cluster, (record, id) => RemovedNodes.Add(record, id, time.GetUtcNow()));
        return (await store.CommitAsync(new StoreTransaction().Update(remembered), cancellation).ConfigureAwait(false)).IsCommitted;
    }
}
