using Swarm.Manager.Certificates;
using Swarm.Model;
using Swarm.Rpc.Hosting;
using Swarm.Security;
using Swarm.Store;

namespace Swarm.Manager.Tests.Certificates;

/// <summary>What a replica, up to date or behind, says of a certificate.</summary>
public sealed class NodeStandingTests : IDisposable
{
    private readonly CaFixture _cluster = new();

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public async Task A_demoted_managers_old_certificate_is_void_at_once_and_its_next_is_a_workers()
    {
        var node = await _cluster.JoinAsync("m2", NodeRole.Manager);
        Assert.Equal(NodeStanding.Good, Of(node, _cluster.Store.View));
        await SetRoleAsync(node, NodeRole.Worker);
        Assert.Equal(NodeStanding.Demoted, Of(node, _cluster.Store.View));
        await _cluster.RenewAsync(node);
        Assert.Equal((NodeRole.Worker, NodeStanding.Good), (node.Identity.Role, Of(node, _cluster.Store.View)));
    }

    /// <summary>Else a manager that missed the promotion would refuse the leader that it must catch up from.</summary>
    [Fact]
    public async Task A_replica_that_still_knows_the_demotion_believes_the_certificate_of_the_next_promotion()
    {
        var node = await _cluster.JoinAsync("m2", NodeRole.Manager);
        await SetRoleAsync(node, NodeRole.Worker);
        var behind = _cluster.Store.View;
        await SetRoleAsync(node, NodeRole.Manager);
        await _cluster.RenewAsync(node);
        Assert.Equal(NodeStanding.Good, Of(node, behind));
        Assert.Equal(NodeStanding.Good, Of(node, _cluster.Store.View));
    }

    /// <summary>Demoted and promoted while it was away, it holds the certificate of before: a replica that lags would refuse it.</summary>
    [Fact]
    public async Task A_manager_that_missed_its_demotion_and_promotion_renews()
    {
        var node = await _cluster.JoinAsync("m2", NodeRole.Manager);
        Assert.False(NodeStandings.IsOutdated(node.Current, Record(node)));
        await SetRoleAsync(node, NodeRole.Worker);
        var behind = _cluster.Store.View;
        var promoted = Record(node) with { Role = NodeRole.Manager, PromotedAt = _cluster.Store.View.Index };
        Assert.True((await _cluster.Store.CommitAsync(new StoreTransaction().Update(promoted), default)).IsCommitted);
        Assert.Equal(NodeStanding.Demoted, Of(node, behind));
        Assert.True(NodeStandings.IsOutdated(node.Current, Record(node)));
        await _cluster.RenewAsync(node);
        Assert.False(NodeStandings.IsOutdated(node.Current, Record(node)));
        Assert.Equal(NodeStanding.Good, Of(node, behind));
    }

    [Fact]
    public async Task A_replica_that_knows_nothing_believes_the_certificate()
    {
        var node = await _cluster.JoinAsync("m2", NodeRole.Manager);
        Assert.Equal(NodeStanding.Good, Of(node, StoreView.Empty));
    }

    [Fact]
    public async Task A_removed_node_is_removed_whatever_its_role()
    {
        var node = await _cluster.JoinAsync("w1");
        var cluster = _cluster.Cluster with { RemovedNodes = [new RemovedNode { NodeId = node.Identity.NodeId }] };
        await _cluster.Store.CommitAsync(new StoreTransaction().Update(cluster), default);
        Assert.Equal(NodeStanding.Removed, Of(node, _cluster.Store.View));
    }

    private static NodeStanding Of(NodeCredentials node, StoreView view) => NodeStandings.Of(view, node.Identity, node.Current.StoreIndex);

    private async Task SetRoleAsync(NodeCredentials node, NodeRole role)
    {
        Assert.True((await _cluster.Store.CommitAsync(new StoreTransaction().Update(Record(node) with { Role = role }), default)).IsCommitted);
    }

    private Node Record(NodeCredentials node) => _cluster.Store.View.Nodes.Find(node.Identity.NodeId)!;
}
