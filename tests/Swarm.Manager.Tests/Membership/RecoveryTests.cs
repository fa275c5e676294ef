using Swarm.Manager.Membership;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Tests.Membership;

public sealed class RecoveryTests
{
    [Fact]
    public async Task The_survivor_is_the_only_manager_the_others_are_workers_and_all_else_stays()
    {
        await using var managers = new ManagersFixture("self", "m2", "m3");
        await managers.CommitAsync(new StoreTransaction().Create(ManagersFixture.Worker("w1")).Create(new Service { Id = "s1" }));
        // A promotion that the lost quorum interrupted: wanted, but not made.
        await managers.WantRoleAsync("w1", NodeRole.Manager);
        await managers.CommitAsync(ClusterRecovery.Transaction(managers.Store.View, "self", "10.0.0.9:2377"));
        Assert.Equal("10.0.0.9:2377", managers.Node("self").Manager!.Address);
        Assert.All(new[] { "m2", "m3", "w1" }, id => Assert.Equal((NodeRole.Worker, NodeRole.Worker, null), (managers.Node(id).Role, managers.Node(id).Spec.Role, managers.Node(id).Manager)));
        Assert.Equal(("c1", 1), (managers.Store.View.Cluster!.Id, managers.Store.View.Cluster.Recoveries));
        Assert.NotNull(managers.Store.View.Services.Find("s1"));
    }

    [Fact]
    public async Task Who_was_left_behind_is_told_from_who_lags_behind()
    {
        await using var managers = new ManagersFixture("self", "m2");
        Assert.False(ClusterRecovery.IsOutdated(managers.Store.View, "m2", 0));
        await managers.CommitAsync(ClusterRecovery.Transaction(managers.Store.View, "self", "h:1"));
        Assert.True(ClusterRecovery.IsOutdated(managers.Store.View, "m2", 0));
        Assert.True(ClusterRecovery.IsOutdated(managers.Store.View, "removed-meanwhile", 0));
        Assert.False(ClusterRecovery.IsOutdated(managers.Store.View, "m2", 1));
        // Promoted again, it begins with an empty replica.
        await managers.WantRoleAsync("m2", NodeRole.Manager);
        Assert.False(ClusterRecovery.IsOutdated(managers.Store.View, "m2", 0));
    }

    [Fact]
    public void Nothing_is_recovered_from_an_empty_replica() =>
        Assert.Throws<InvalidOperationException>(() => ClusterRecovery.Transaction(StoreView.Empty, "self", "h:1"));
}
