using Grpc.Core;
using Microsoft.Extensions.Time.Testing;
using Swarm.Model;
using Swarm.Rpc.Certificates;
using Swarm.Rpc.Clients;
using Swarm.Rpc.Consensus;
using Swarm.Rpc.Dispatch;
using Swarm.Rpc.Hosting;
using Swarm.Rpc.Membership;
using Swarm.Rpc.Wire;
using Swarm.Security;

namespace Swarm.Rpc.Tests;

/// <summary>Who may call what: every method, as a stranger, a worker and a manager.</summary>
public sealed class AuthorizationTests : IAsyncLifetime
{
    private static readonly string[] ForJoining = ["GetRootCertificate", "IssueCertificate"];
    private static readonly string[] ForWorkers = ["GetRootCertificate", "Heartbeat", "Meet", "RenewCertificate", "Session", "UpdateTaskStatus"];
    private static readonly string[] ForManagers = [.. ForWorkers, "Consensus", "JoinManager", "LeaveManager", "TransferLeadership"];
    private static readonly string[] Everything = [.. ForManagers, "IssueCertificate"];

    private readonly TestCluster _cluster = new();
    private readonly RecordingServices _services = new();
    private string _removed = "";
    private string _address = "";

    public async Task InitializeAsync()
    {
        _services.Messages.Writer.Complete();
        _address = await _cluster.ServeAsync(_cluster.Node("m1", NodeRole.Manager), _services.Offered, new RpcServerOptions
        {
            IsRemoved = id => id == _removed,
            Peers = () =>
            {
                _services.Calls.Enqueue(("Meet", ""));
                return new Dictionary<string, string>();
            },
        });
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task A_machine_without_a_certificate_may_only_join()
    {
        var channel = new PeerChannel(_address, PeerTls.Joining(_cluster.Root, TimeProvider.System), TimeProvider.System, RpcLimits.ConnectTimeout, RpcLimits.MaxCallSize);
        await AssertMayOnlyCall(ForJoining, (method, token) => Invoke(method, new Direct(channel, _address), token));
        channel.Release();
    }

    [Fact]
    public async Task A_worker_may_only_call_the_dispatcher_and_renew()
    {
        var channels = _cluster.Channels(_cluster.Node("w1", NodeRole.Worker));
        await AssertMayOnlyCall(ForWorkers, (method, token) => Invoke(method, new Pooled(channels, _address), token));
    }

    [Fact]
    public async Task A_manager_may_call_everything_but_join()
    {
        var channels = _cluster.Channels(_cluster.Node("m2", NodeRole.Manager));
        await AssertMayOnlyCall(ForManagers, (method, token) => Invoke(method, new Pooled(channels, _address), token));
    }

    [Fact]
    public async Task A_removed_node_may_nothing_even_on_an_open_connection()
    {
        var caller = new Pooled(_cluster.Channels(_cluster.Node("m2", NodeRole.Manager)), _address);
        await Invoke("Heartbeat", caller, _cluster.Token);
        _removed = "m2";
        var fault = await Assert.ThrowsAsync<RpcFault>(() => Invoke("Heartbeat", caller, _cluster.Token));
        Assert.Equal(RpcStatus.PermissionDenied, fault.Status);
        Assert.Contains("m2 was removed", fault.Message, StringComparison.Ordinal);
        await AssertMayOnlyCall(["GetRootCertificate"], (method, token) => Invoke(method, caller, token));
    }

    [Fact]
    public void An_open_connection_does_not_outlive_its_certificate()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch);
        var gate = new CallGate(time, _ => false);
        var caller = new Caller(new NodeIdentity("w", NodeRole.Worker, "c"), DateTimeOffset.UnixEpoch.AddHours(1), null);
        gate.Admit(caller, CallPolicy.Node, "x");
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(RpcStatus.Unauthenticated, Assert.Throws<RpcFault>(() => gate.Admit(caller, CallPolicy.Node, "x")).Status);
    }

    [Fact]
    public async Task The_handler_sees_the_certificates_node_id()
    {
        await Invoke("Consensus", new Pooled(_cluster.Channels(_cluster.Node("m2", NodeRole.Manager)), _address), _cluster.Token);
        Assert.Equal(("Consensus", "m2"), Assert.Single(_services.Calls));
    }

    private async Task AssertMayOnlyCall(string[] allowed, Func<string, CancellationToken, Task> invoke)
    {
        var reached = new List<string>();
        foreach (var method in Everything)
        {
            _services.Calls.Clear();
            try
            {
                await invoke(method, _cluster.Token);
                Assert.Equal(method, Assert.Single(_services.Calls).Method);
                reached.Add(method);
            }
            catch (RpcFault fault)
            {
                Assert.Empty(_services.Calls);
                Assert.True(fault.Status is RpcStatus.Unauthenticated or RpcStatus.PermissionDenied, $"{method}: {fault.Status} {fault.Message}");
            }
        }

        Assert.Equal(allowed.Order(), reached.Order());
    }

    private static async Task Invoke(string method, ICaller caller, CancellationToken token)
    {
        switch (method)
        {
            case "Session":
                await caller.StreamAsync(RpcMethods.Session, new SessionRequest(), token);
                break;
            case "Heartbeat":
                await caller.CallAsync(RpcMethods.Heartbeat, new HeartbeatRequest(), token);
                break;
            case "UpdateTaskStatus":
                await caller.CallAsync(RpcMethods.UpdateTaskStatus, new UpdateTaskStatusRequest(), token);
                break;
            case "GetRootCertificate":
                await caller.CallAsync(RpcMethods.GetRootCertificate, new RootCertificateRequest(), token);
                break;
            case "IssueCertificate":
                await caller.CallAsync(RpcMethods.IssueCertificate, new IssueCertificateRequest(), token);
                break;
            case "RenewCertificate":
                await caller.CallAsync(RpcMethods.RenewCertificate, new RenewCertificateRequest(), token);
                break;
            case "JoinManager":
                await caller.CallAsync(RpcMethods.JoinManager, new JoinManagerRequest { Address = "h:1" }, token);
                break;
            case "LeaveManager":
                await caller.CallAsync(RpcMethods.LeaveManager, new LeaveManagerRequest(), token);
                break;
            case "TransferLeadership":
                await caller.CallAsync(RpcMethods.TransferLeadership, new TransferLeadershipRequest(), token);
                break;
            case "Meet":
                await caller.CallAsync(RpcMethods.Meet, new MeetRequest { Address = "h:1" }, token);
                break;
            case "Consensus":
                await caller.CallAsync(RpcMethods.Consensus, new OpaqueBytes(new byte[] { 1 }), token);
                break;
            default:
                throw new ArgumentException(method, nameof(method));
        }
    }

    private interface ICaller
    {
        Task CallAsync<TRequest, TResponse>(Method<TRequest, TResponse> method, TRequest request, CancellationToken token)
            where TRequest : class where TResponse : class;

        Task StreamAsync<TRequest, TResponse>(Method<TRequest, TResponse> method, TRequest request, CancellationToken token)
            where TRequest : class where TResponse : class;
    }

    private sealed record Pooled(RpcChannels Channels, string Address) : ICaller
    {
        public Task CallAsync<TRequest, TResponse>(Method<TRequest, TResponse> method, TRequest request, CancellationToken token)
            where TRequest : class where TResponse : class => Channels.CallAsync(Address, method, request, RpcLimits.CallTimeout, token);

        public async Task StreamAsync<TRequest, TResponse>(Method<TRequest, TResponse> method, TRequest request, CancellationToken token)
            where TRequest : class where TResponse : class
        {
            await foreach (var _ in Channels.StreamAsync(Address, method, request, RpcLimits.CallTimeout, token))
            {
            }
        }
    }

    private sealed record Direct(PeerChannel Channel, string Address) : ICaller
    {
        public Task CallAsync<TRequest, TResponse>(Method<TRequest, TResponse> method, TRequest request, CancellationToken token)
            where TRequest : class where TResponse : class =>
            UnaryCall.InvokeAsync(Channel.Channel, Address, method, request, RpcLimits.CallTimeout, TimeProvider.System, token);

        public async Task StreamAsync<TRequest, TResponse>(Method<TRequest, TResponse> method, TRequest request, CancellationToken token)
            where TRequest : class where TResponse : class
        {
            using var call = Channel.Channel.CreateCallInvoker().AsyncServerStreamingCall(method, null, new CallOptions(cancellationToken: token), request);
            try
            {
                await call.ResponseStream.MoveNext(token);
            }
            catch (RpcException failure)
            {
                throw FaultTrailers.ToFault(failure, Address);
            }
        }
    }
}
