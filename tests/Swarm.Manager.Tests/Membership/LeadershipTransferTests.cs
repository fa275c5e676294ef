using Swarm.Manager.Membership;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Membership;
using Swarm.Security;
using Swarm.Store.Consensus;

namespace Swarm.Manager.Tests.Membership;

public sealed class LeadershipTransferTests
{
    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true, true)]
    [InlineData(true, true, true, false)]
    [InlineData(false, true, false, false)]
    [InlineData(false, true, true, false, false)]
    [InlineData(true, true, true, true, false, false)]
    public void A_leader_goes_only_where_another_can_be_elected(bool possible, params bool[] reachable)
    {
        var members = reachable.Select((reach, i) => new ConsensusMember($"m{i}", true, reach)).ToList();
        Assert.Equal(possible, LeadershipTransfer.IsPossible(members, "m0"));
    }

    [Fact]
    public async Task A_leader_that_nobody_could_follow_stays()
    {
        await using var managers = Managers("self", "m2", "m3");
        managers.Consensus.Reach("m2", false);
        managers.Consensus.Reach("m3", false);
        Assert.Equal(RpcStatus.FailedPrecondition, (await RefusedAsync(managers, "")).Status);
        Assert.Equal(RpcStatus.FailedPrecondition, (await RefusedAsync(managers, "m2")).Status);
        Assert.Equal(RpcStatus.NotFound, (await RefusedAsync(managers, "w1")).Status);
        Assert.Equal(0, managers.Consensus.Transfers);
    }

    [Fact]
    public async Task A_leader_that_shall_lead_does_nothing()
    {
        await using var managers = Managers("self", "m2", "m3");
        var answer = await managers.Service.TransferLeadershipAsync(new NodeIdentity("m2", NodeRole.Manager, "c1"), new TransferLeadershipRequest { Successor = "self" }, managers.Token);
        Assert.Equal(("self", 0), (answer.LeaderId, managers.Consensus.Transfers));
    }

    private static ManagersFixture Managers(params string[] ids)
    {
        var managers = new ManagersFixture(ids);
        managers.Start(managers.Queue.RunAsync);
        return managers;
    }

    private static Task<RpcFault> RefusedAsync(ManagersFixture managers, string successor) => Assert.ThrowsAsync<RpcFault>(() =>
        managers.Service.TransferLeadershipAsync(new NodeIdentity("m2", NodeRole.Manager, "c1"), new TransferLeadershipRequest { Successor = successor }, managers.Token));
}
