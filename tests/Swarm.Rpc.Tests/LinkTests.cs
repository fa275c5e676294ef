using System.Collections.Concurrent;
using Swarm.Model;
using Swarm.Rpc.Clients;
using Swarm.Rpc.Consensus;
using Swarm.Rpc.Hosting;
using Swarm.Rpc.Links;
using Swarm.Security;

namespace Swarm.Rpc.Tests;

/// <summary>Consensus messages between m2, who calls, and m1, on the link that is opened behind the first of them.</summary>
public sealed class LinkTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly TestCluster _cluster = new();
    private readonly List<RpcFault> _refusals = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task Calls_on_a_link_run_beside_each_other_and_each_gets_its_own_answer()
    {
        var gate = new TaskCompletionSource();
        var manager = await ServeAsync(async (_, request, _) =>
        {
            if (request.Span[0] == 0)
            {
                await gate.Task;
            }

            return request;
        });
        var link = await LinkAsync(manager.Address);
        var first = CallAsync(link, 0);
        var others = await Task.WhenAll(Enumerable.Range(1, 200).Select(i => CallAsync(link, (byte)i)));
        Assert.Equal(Enumerable.Range(1, 200).Select(i => (byte)i), others.Select(answer => answer.Span[0]));
        Assert.False(first.IsCompleted);
        gate.SetResult();
        Assert.Equal(0, (await first).Span[0]);
        Assert.All(manager.Callers, caller => Assert.Equal("m2", caller));
    }

    [Fact]
    public async Task A_call_that_is_given_up_is_cancelled_at_the_other_end_and_the_link_goes_on()
    {
        var (started, cancelled) = (new TaskCompletionSource(), new TaskCompletionSource());
        var manager = await ServeAsync(async (_, request, cancellation) =>
        {
            if (request.Span[0] == 0)
            {
                await using var registration = cancellation.Register(cancelled.SetResult);
                started.SetResult();
                await Task.Delay(Timeout.Infinite, cancellation);
            }

            return request;
        });
        var link = await LinkAsync(manager.Address);
        using var caller = new CancellationTokenSource();
        var call = link.AnswerAsync(link.Begin(new byte[] { 0 })!, Patience, TimeProvider.System, caller.Token);
        await started.Task.WaitAsync(_cluster.Token);
        await caller.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await cancelled.Task.WaitAsync(_cluster.Token);
        Assert.Equal(7, (await CallAsync(link, 7)).Span[0]);
    }

    [Fact]
    public async Task What_cannot_be_answered_is_told_to_its_caller_and_the_link_goes_on()
    {
        var manager = await ServeAsync((_, request, _) => request.Span[0] == 0 ? throw new InvalidDataException("no such message") : Task.FromResult(request));
        var link = await LinkAsync(manager.Address);
        var failure = await Assert.ThrowsAsync<IOException>(() => CallAsync(link, 0));
        Assert.Equal("manager m1: no such message", failure.Message);
        Assert.Equal(7, (await CallAsync(link, 7)).Span[0]);
    }

    [Fact]
    public async Task A_call_that_is_not_answered_in_time_says_so()
    {
        var manager = await ServeAsync(async (_, _, cancellation) =>
        {
            await Task.Delay(Timeout.Infinite, cancellation);
            return default;
        });
        var link = await LinkAsync(manager.Address);
        var failure = await Assert.ThrowsAsync<IOException>(() => link.AnswerAsync(link.Begin(new byte[] { 0 })!, TimeSpan.FromMilliseconds(50), TimeProvider.System, _cluster.Token));
        Assert.Contains("did not answer within 0.1 s", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_link_carries_no_more_calls_than_its_bound()
    {
        var gate = new TaskCompletionSource();
        var manager = await ServeAsync(async (_, request, _) =>
        {
            await gate.Task;
            return request;
        });
        var link = await LinkAsync(manager.Address);
        var calls = Enumerable.Range(0, RpcLimits.MaxCallsPerLink).Select(_ => CallAsync(link, 1)).ToList();
        Assert.Null(link.Begin(new byte[] { 1 }));
        gate.SetResult();
        await Task.WhenAll(calls);
        await CallAsync(link, 1);
    }

    [Fact]
    public async Task A_manager_that_is_demoted_or_left_behind_may_no_more_on_an_open_link()
    {
        var (standing, outdated) = (NodeStanding.Good, false);
        var manager = await ServeAsync((_, request, _) => Task.FromResult(request), new RpcServerOptions { Standing = (_, _) => standing, IsOutdated = (_, _) => outdated });
        var link = await LinkAsync(manager.Address);
        await CallAsync(link, 1);
        standing = NodeStanding.Demoted;
        await Assert.ThrowsAsync<IOException>(() => CallAsync(link, 2));
        await UntilAsync(() => _refusals.Count == 1);
        Assert.Equal(RpcStatus.PermissionDenied, _refusals[0].Status);
        Assert.False(link.IsOpen);
        (standing, outdated) = (NodeStanding.Good, true);
        var refused = await Assert.ThrowsAsync<RpcFault>(() => LinkAsync(manager.Address));
        Assert.Equal(RpcStatus.Outdated, refused.Status);
        Assert.Equal(new byte[] { 1 }, manager.Requests);
    }

    [Fact]
    public async Task A_link_is_not_opened_to_another_manager_than_the_one_meant_nor_by_a_worker()
    {
        var manager = await ServeAsync((_, request, _) => Task.FromResult(request));
        var stray = await Assert.ThrowsAsync<RpcFault>(() => LinkAsync(manager.Address, to: "m9"));
        Assert.Equal("manager m9 is not here: this is m1", stray.Message);
        var worker = await Assert.ThrowsAsync<RpcFault>(() => LinkAsync(manager.Address, NodeRole.Worker));
        Assert.Equal(RpcStatus.PermissionDenied, worker.Status);
        Assert.Empty(manager.Requests);
    }

    [Fact]
    public async Task Calls_of_a_link_that_breaks_fail_and_none_is_sent_again()
    {
        var gate = new TaskCompletionSource();
        var manager = await ServeAsync(async (_, request, _) =>
        {
            await gate.Task;
            return request;
        });
        var proxy = new FreezableProxy(manager.Address);
        var link = await LinkAsync(proxy.Address);
        var call = CallAsync(link, 1);
        await UntilAsync(() => manager.Requests.Count == 1);
        await proxy.DisposeAsync();
        var failure = await Assert.ThrowsAsync<IOException>(() => call);
        Assert.IsNotType<PeerNotReachedException>(failure);
        Assert.Null(link.Begin(new byte[] { 2 }));
        gate.SetResult();
        Assert.Equal(new byte[] { 1 }, manager.Requests);
    }

    [Fact]
    public async Task A_peer_that_falls_silent_ends_the_link_and_calls_go_on_by_themselves()
    {
        var manager = await ServeAsync((_, request, _) => Task.FromResult(request));
        await using var proxy = new FreezableProxy(manager.Address);
        var link = await LinkAsync(proxy.Address);
        await CallAsync(link, 1);
        proxy.Freeze();
        await Assert.ThrowsAnyAsync<IOException>(() => CallAsync(link, 2));
        await UntilAsync(() => !link.IsOpen);
    }

    [Fact]
    public async Task Small_calls_move_to_a_link_and_large_ones_stay_by_themselves()
    {
        var manager = await ServeAsync((_, request, _) => Task.FromResult(request));
        var channels = _cluster.Channels(_cluster.Node("m2", NodeRole.Manager));
        var (self, key) = (new PeerSelf("127.0.0.1:1", 0), default(LinkKey));
        var calls = new PeerCalls(channels, _cluster.Book(("m1", manager.Address)), () => self, _ => { }, Patience);
        await calls.CallAsync("m1", new byte[] { 1 }, _cluster.Token);
        key = new LinkKey("m1", manager.Address, self);
        await UntilAsync(() => channels.Links.Find(key, _refusals.Add) is not null);
        var link = channels.Links.Find(key, _refusals.Add)!;
        await calls.CallAsync("m1", new byte[] { 2 }, _cluster.Token);
        Assert.Equal(1, link.Carried);
        await calls.CallAsync("m1", new byte[RpcLimits.MaxLinkedCall + 1], _cluster.Token);
        Assert.Equal(1, link.Carried);

        // Who says something else of itself says it with a new link.
        self = self with { Recoveries = 1 };
        await calls.CallAsync("m1", new byte[] { 3 }, _cluster.Token);
        Assert.False(link.IsOpen);
        Assert.Equal(new byte[] { 1, 2, 0, 3 }, manager.Requests);
    }

    [Fact]
    public async Task A_renewed_certificate_is_used_by_a_new_link_and_the_old_one_ends_with_its_calls()
    {
        var gate = new TaskCompletionSource();
        var manager = await ServeAsync(async (_, request, _) =>
        {
            await (request.Span[0] == 0 ? gate.Task : Task.CompletedTask);
            return request;
        });
        var credentials = _cluster.Node("m2", NodeRole.Manager);
        var channels = _cluster.Channels(credentials);
        var key = new LinkKey("m1", manager.Address, new PeerSelf("h:1", 0));
        await UntilAsync(() => channels.Links.Find(key, _refusals.Add) is not null);
        var old = channels.Links.Find(key, _refusals.Add)!;
        var call = CallAsync(old, 0);
        using (var renewed = new NodeKey())
        {
            credentials.Replace(renewed, _cluster.Issue(renewed.CreateRequest(), "m2", NodeRole.Manager));
        }

        Assert.False(old.IsOpen);
        await UntilAsync(() => channels.Links.Find(key, _refusals.Add) is not null);
        gate.SetResult();
        Assert.Equal(0, (await call).Span[0]);
        Assert.Equal(7, (await CallAsync(channels.Links.Find(key, _refusals.Add)!, 7)).Span[0]);
    }

    [Fact]
    public async Task A_server_that_stops_ends_its_links()
    {
        var handling = new TaskCompletionSource();
        var services = new RpcServices
        {
            Consensus = async (_, _, cancellation) =>
            {
                handling.SetResult();
                await Task.Delay(Timeout.Infinite, cancellation);
                return default;
            },
        };
        var server = await _cluster.StartAsync(_cluster.Node("m1", NodeRole.Manager), services);
        var link = await LinkAsync(TestCluster.AddressOf(server));
        var call = CallAsync(link, 1);
        await handling.Task.WaitAsync(_cluster.Token);
        await server.DisposeAsync();
        await Assert.ThrowsAsync<IOException>(() => call);
        await UntilAsync(() => !link.IsOpen);
    }

    private async Task<Manager> ServeAsync(PeerCallHandler handler, RpcServerOptions? options = null)
    {
        var manager = new Manager();
        var services = new RpcServices
        {
            Consensus = (caller, request, cancellation) =>
            {
                manager.Callers.Enqueue(caller);
                manager.Requests.Enqueue(request.Span[0]);
                return handler(caller, request, cancellation);
            },
        };
        manager.Address = await _cluster.ServeAsync(_cluster.Node("m1", NodeRole.Manager), services, options);
        return manager;
    }

    private async Task<PeerLink> LinkAsync(string address, NodeRole role = NodeRole.Manager, string to = "m1")
    {
        var tls = PeerTls.Client(_cluster.Node("m2", role).Current, TimeProvider.System);
        var channel = new PeerChannel(address, tls, TimeProvider.System, RpcLimits.ConnectTimeout, RpcLimits.MaxCallSize);
        return await PeerLink.OpenAsync(channel, new LinkKey(to, address, new PeerSelf("h:1", 0)), _refusals.Add, TimeProvider.System);
    }

    private Task<ReadOnlyMemory<byte>> CallAsync(PeerLink link, byte request) =>
        link.AnswerAsync(link.Begin(new[] { request })!, Patience, TimeProvider.System, _cluster.Token);

    private async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(5, _cluster.Token);
        }
    }

    private sealed class Manager
    {
        internal string Address { get; set; } = "";

        internal ConcurrentQueue<string> Callers { get; } = [];

        internal ConcurrentQueue<byte> Requests { get; } = [];
    }
}
