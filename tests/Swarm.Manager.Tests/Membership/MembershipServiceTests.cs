using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Manager.Membership;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Membership;
using Swarm.Security;
using Swarm.Store;
using Swarm.Store.Consensus;

namespace Swarm.Manager.Tests.Membership;

public sealed class MembershipServiceTests
{
    [Fact]
    public async Task A_manager_joins_and_its_address_is_known_before_it_votes()
    {
        await using var managers = Managers("self");
        await managers.CommitAsync(new StoreTransaction().Create(ManagersFixture.Manager("m2") with { Manager = null }));
        var seen = "";
        managers.Consensus.Adding = id => seen = $"{managers.Node(id).Manager?.Address} {managers.Book.Find(id)}";
        var response = await JoinAsync(managers, "m2", "10.0.0.2:2377");
        Assert.Equal("10.0.0.2:2377 10.0.0.2:2377", seen);
        Assert.Contains(managers.Consensus.Members, member => member.NodeId == "m2" && member.Voter);
        Assert.Equal(["m2", "self"], response.Managers.Select(manager => manager.NodeId));
    }

    [Fact]
    public async Task Joining_again_only_renews_the_address()
    {
        await using var managers = Managers("self", "m2");
        managers.Consensus.Adding = _ => Assert.Fail("it is a member already");
        await JoinAsync(managers, "m2", "10.9.9.9:2377");
        Assert.Equal("10.9.9.9:2377", managers.Node("m2").Manager!.Address);
        Assert.Equal("10.9.9.9:2377", managers.Book.Find("m2"));
    }

    [Fact]
    public async Task A_node_that_shall_be_a_worker_cannot_join_whatever_its_certificate_says()
    {
        await using var managers = Managers("self");
        await managers.CommitAsync(new StoreTransaction().Create(ManagersFixture.Worker("w1")));
        Assert.Equal(RpcStatus.FailedPrecondition, (await Assert.ThrowsAsync<RpcFault>(() => JoinAsync(managers, "w1", "h:1"))).Status);
        Assert.Single(managers.Consensus.Members);
    }

    [Fact]
    public async Task A_node_without_a_record_cannot_join()
    {
        await using var managers = Managers("self");
        Assert.Equal(RpcStatus.PermissionDenied, (await Assert.ThrowsAsync<RpcFault>(() => JoinAsync(managers, "ghost", "h:1"))).Status);
        Assert.Single(managers.Consensus.Members);
    }

    [Fact]
    public async Task A_manager_that_cannot_be_added_is_not_shown_as_one()
    {
        await using var managers = Managers("self");
        await managers.CommitAsync(new StoreTransaction().Create(ManagersFixture.Manager("m2") with { Manager = null }));
        managers.Consensus.AddSucceeds = false;
        var fault = await Assert.ThrowsAsync<RpcFault>(() => JoinAsync(managers, "m2", "10.0.0.2:2377"));
        Assert.Equal(RpcStatus.Unavailable, fault.Status);
        Assert.Contains("10.0.0.2:2377", fault.Message, StringComparison.Ordinal);
        Assert.Null(managers.Node("m2").Manager);
    }

    [Fact]
    public async Task A_follower_names_the_leader()
    {
        await using var managers = Managers("self", "m2");
        var follower = new MembershipService(
            new FollowerStore(managers.Store, "m2"), managers.Consensus, managers.Queue, managers.Book, managers.Time, NullLogger<MembershipService>.Instance);
        var fault = await Assert.ThrowsAsync<RpcFault>(() => follower.JoinManagerAsync(Caller("m3"), new JoinManagerRequest { Address = "h:1" }, managers.Token));
        Assert.Equal((RpcStatus.NotLeader, "m2.example:2377"), (fault.Status, fault.LeaderAddress));
    }

    [Fact]
    public async Task A_manager_may_leave_while_the_rest_has_a_majority()
    {
        await using var managers = Managers("self", "m2", "m3");
        await managers.Service.LeaveManagerAsync(Caller("m3"), new LeaveManagerRequest(), managers.Token);
        Assert.Equal(["self", "m2"], managers.Consensus.Members.Select(member => member.NodeId));
        Assert.Null(managers.Node("m3").Manager);
    }

    [Fact]
    public async Task A_manager_may_not_leave_if_the_rest_would_lose_the_quorum()
    {
        await using var managers = Managers("self", "m2", "m3");
        managers.Consensus.Reach("m2", false);
        var fault = await Assert.ThrowsAsync<RpcFault>(() => managers.Service.LeaveManagerAsync(Caller("m3"), new LeaveManagerRequest(), managers.Token));
        Assert.Equal(RpcStatus.FailedPrecondition, fault.Status);
        Assert.Equal(3, managers.Consensus.Members.Count);
    }

    [Fact]
    public async Task Two_leave_at_once_and_only_the_safe_one_may()
    {
        await using var managers = Managers("self", "m2", "m3", "m4");
        managers.Consensus.Reach("m4", false);
        var leaving = new[] { "m2", "m3" }.Select(async id =>
        {
            try
            {
                await managers.Service.LeaveManagerAsync(Caller(id), new LeaveManagerRequest(), managers.Token);
                return true;
            }
            catch (RpcFault fault) when (fault.Status == RpcStatus.FailedPrecondition)
            {
                return false;
            }
        });
        Assert.Equal([false, true], (await Task.WhenAll(leaving)).Order());
        Assert.Equal(3, managers.Consensus.Members.Count);
    }

    [Fact]
    public async Task The_leader_hands_over_before_it_leaves()
    {
        await using var managers = Managers("self", "m2", "m3");
        var fault = await Assert.ThrowsAsync<RpcFault>(() => managers.Service.LeaveManagerAsync(Caller("self"), new LeaveManagerRequest(), managers.Token));
        Assert.Equal(RpcStatus.NotLeader, fault.Status);
        Assert.Equal(1, managers.Consensus.Transfers);
        Assert.Equal(3, managers.Consensus.Members.Count);
    }

    private static ManagersFixture Managers(params string[] ids)
    {
        var managers = new ManagersFixture(ids);
        managers.Start(managers.Queue.RunAsync);
        return managers;
    }

    private static NodeIdentity Caller(string id) => new(id, NodeRole.Manager, "c1");

    private static Task<JoinManagerResponse> JoinAsync(ManagersFixture managers, string id, string address) =>
        managers.Service.JoinManagerAsync(Caller(id), new JoinManagerRequest { Address = address }, managers.Token);

    private sealed class FollowerStore(IObjectStore inner, string leader) : IObjectStore
    {
        public StoreView View => inner.View;

        public Leadership Leadership { get; } = new(leader, 1, false);

        public ValueTask<StoreView> ReadAsync(CancellationToken cancellation) => inner.ReadAsync(cancellation);

        public Task<CommitResult> CommitAsync(StoreTransaction transaction, CancellationToken cancellation) => inner.CommitAsync(transaction, cancellation);

        public Task<IReadOnlyList<ConsensusMember>> MembersAsync(CancellationToken cancellation) => inner.MembersAsync(cancellation);

        public StoreWatch Watch() => inner.Watch();

        public IAsyncEnumerable<Leadership> WatchLeadershipAsync(CancellationToken cancellation) => inner.WatchLeadershipAsync(cancellation);
    }
}
