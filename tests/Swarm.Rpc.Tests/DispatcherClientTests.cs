using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using Swarm.Model;
using Swarm.Rpc.Clients;
using Swarm.Rpc.Dispatch;

namespace Swarm.Rpc.Tests;

public sealed class DispatcherClientTests : IAsyncLifetime
{
    private readonly TestCluster _cluster = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task The_leader_is_found_past_a_dead_manager_and_a_follower(int seed)
    {
        var (leader, leaderAddress) = await ManagerAsync("leader");
        leader.Greeting = new SessionMessage { SessionId = "s1" };
        var (follower, followerAddress) = await ManagerAsync("follower");
        follower.Refusal = new RpcFault(RpcStatus.NotLeader, "not the leader", leaderAddress);
        // The book does not know the leader: only the follower's hint does.
        var client = Client(_cluster.Book(("dead", DeadAddress()), ("follower", followerAddress)), seed);
        await using var session = client.SessionAsync(new SessionRequest(), _cluster.Token).GetAsyncEnumerator();
        Assert.True(await session.MoveNextAsync());
        Assert.Equal("s1", session.Current.SessionId);
        await client.HeartbeatAsync(new HeartbeatRequest(), _cluster.Token);
        Assert.Equal(["Session", "Heartbeat"], leader.Calls.Select(call => call.Method).Distinct());
    }

    [Fact]
    public async Task The_managers_that_a_session_names_are_remembered_over_a_restart()
    {
        var (leader, address) = await ManagerAsync("leader");
        leader.Greeting = new SessionMessage { Managers = [new ManagerAddress { NodeId = "m7", Address = "10.0.0.7:2377" }] };
        var folder = _cluster.Folder("restarted");
        var book = new PeerAddressBook(folder);
        book.Set("leader", address);
        await using var session = Client(book).SessionAsync(new SessionRequest(), _cluster.Token).GetAsyncEnumerator();
        Assert.True(await session.MoveNextAsync());
        Assert.Equal("10.0.0.7:2377", Assert.Single(new PeerAddressBook(folder).Addresses).Value);
    }

    [Fact]
    public async Task Without_a_session_there_is_nothing_to_beat()
    {
        var fault = await Assert.ThrowsAsync<RpcFault>(() => Client(_cluster.Book()).HeartbeatAsync(new HeartbeatRequest(), _cluster.Token));
        Assert.Equal(RpcStatus.SessionInvalid, fault.Status);
    }

    [Fact]
    public async Task After_the_session_ended_its_manager_is_not_called_any_more()
    {
        var (leader, address) = await ManagerAsync("leader");
        leader.Messages.Writer.TryWrite(new SessionMessage());
        leader.Messages.Writer.Complete();
        var client = Client(_cluster.Book(("leader", address)));
        await foreach (var _ in client.SessionAsync(new SessionRequest(), _cluster.Token))
        {
        }

        await Assert.ThrowsAsync<RpcFault>(() => client.UpdateTaskStatusAsync(new UpdateTaskStatusRequest(), _cluster.Token));
    }

    [Fact]
    public async Task A_refusal_is_not_retried_elsewhere()
    {
        var (manager, address) = await ManagerAsync("m1");
        manager.Refusal = new RpcFault(RpcStatus.PermissionDenied, "no");
        var fault = await Assert.ThrowsAsync<RpcFault>(() => FirstAsync(Client(_cluster.Book(("m1", address)))));
        Assert.Equal(RpcStatus.PermissionDenied, fault.Status);
        Assert.Single(manager.Calls);
    }

    [Fact]
    public async Task When_nobody_answers_the_rounds_wait_longer_and_end()
    {
        var time = new FakeTimeProvider();
        var rounds = 0;
        var calls = new ManagerCalls(_cluster.Book(("m1", "a:1"), ("m2", "b:1")), new Random(1), time);
        var ended = calls.CallAsync<int>((address, _) =>
        {
            rounds += address == "a:1" ? 1 : 0;
            throw new RpcFault(RpcStatus.Unavailable, address);
        }, _cluster.Token);
        while (!ended.IsCompleted)
        {
            time.Advance(ManagerCalls.LongestWait);
            await Task.Yield();
        }

        Assert.Equal(RpcStatus.Unavailable, (await Assert.ThrowsAsync<RpcFault>(() => ended)).Status);
        Assert.Equal(ManagerCalls.MaxRounds, rounds);
    }

    [Fact]
    public async Task Two_managers_that_point_at_each_other_do_not_trap_the_client()
    {
        var time = new FakeTimeProvider();
        var calls = new ManagerCalls(_cluster.Book(("m1", "a:1"), ("m2", "b:1"), ("m3", "c:1")), new Random(1), time);
        var answered = await calls.CallAsync((address, _) => address == "c:1"
            ? Task.FromResult(address)
            : throw new RpcFault(RpcStatus.NotLeader, "", address == "a:1" ? "b:1" : "a:1"), _cluster.Token);
        Assert.Equal("c:1", answered);
    }

    private static string DeadAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return listener.LocalEndpoint.ToString()!;
    }

    private async Task<(RecordingServices Services, string Address)> ManagerAsync(string id)
    {
        var services = new RecordingServices();
        return (services, await _cluster.ServeAsync(_cluster.Node(id, NodeRole.Manager), services.Offered));
    }

    private DispatcherClient Client(PeerAddressBook book, int seed = 1) =>
        new(_cluster.Channels(_cluster.Node("w1", NodeRole.Worker)), book, new Random(seed), TimeProvider.System);

    private async Task FirstAsync(DispatcherClient client)
    {
        await foreach (var _ in client.SessionAsync(new SessionRequest(), _cluster.Token))
        {
            return;
        }
    }
}
