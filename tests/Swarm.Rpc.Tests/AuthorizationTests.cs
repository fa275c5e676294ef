using System.Collections.Frozen;
using System.Net.Security;
using System.Reflection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Microsoft.Extensions.Time.Testing;
using Swarm.Model;
using Swarm.Rpc.Clients;
using Swarm.Rpc.Consensus;
using Swarm.Rpc.Hosting;
using Swarm.Rpc.Wire;
using Swarm.Security;

namespace Swarm.Rpc.Tests;

/// <summary>
/// Who may call what: every method that there is, by everybody. A method without a row in <see cref="May"/> fails; a row is the list of those who may,
/// and everybody else is tried and must not get through.
/// </summary>
public sealed class AuthorizationTests : IAsyncLifetime
{
    private const string Nobody = "a machine without a certificate";
    private const string Worker = "a worker";
    private const string Manager = "a manager";
    private const string Demoted = "a manager that was demoted, with its old certificate";
    private const string RemovedWorker = "a worker that was removed";
    private const string RemovedManager = "a manager that was removed";
    private const string Expired = "a manager whose certificate has expired";
    private const string Foreign = "a manager of another root";
    private const string OtherCluster = "a manager of another cluster under the same root";
    private const string NoNode = "a certificate of the root that names no role";

    private static readonly string[] Everybody = [Nobody, Worker, Manager, Demoted, RemovedWorker, RemovedManager, Expired, Foreign, OtherCluster, NoNode];
    private static readonly string[] Nodes = [Worker, Manager, Demoted];

    private static readonly FrozenDictionary<string, string[]> May = new Dictionary<string, string[]>
    {
        ["/swarm.Dispatcher/Session"] = Nodes,
        ["/swarm.Dispatcher/Heartbeat"] = Nodes,
        ["/swarm.Dispatcher/UpdateTaskStatus"] = Nodes,
        ["/swarm.Dispatcher/AcknowledgeNetworks"] = Nodes,
        ["/swarm.Dispatcher/FindNetwork"] = Nodes,
        ["/swarm.Dispatcher/AttachNetwork"] = Nodes,
        ["/swarm.Dispatcher/DetachNetwork"] = Nodes,
        ["/swarm.NodeCa/GetRootCertificate"] = [Nobody, Worker, Manager, Demoted, RemovedWorker, RemovedManager],
        ["/swarm.NodeCa/IssueCertificate"] = [Nobody],
        ["/swarm.NodeCa/RenewCertificate"] = Nodes,
        ["/swarm.Membership/JoinManager"] = [Manager],
        ["/swarm.Membership/LeaveManager"] = [Manager],
        ["/swarm.Membership/TransferLeadership"] = [Manager],
        ["/swarm.Membership/Meet"] = Nodes,
        ["/swarm.Consensus/Call"] = [Manager],
        ["/swarm.Consensus/Link"] = [Manager],
        ["/swarm.NodeWork/Logs"] = [Manager],
        ["/swarm.NodeWork/Exec"] = [Manager],
        ["/swarm.NodeWork/Networks"] = [Manager],
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private readonly TestCluster _cluster = new();
    private readonly RootCertificate _stranger = RootCertificate.Create(TimeProvider.System);
    private readonly RecordingServices _services = new();
    private readonly HashSet<string> _removed = [];
    private readonly HashSet<string> _demoted = [];
    private string _address = "";

    public static TheoryData<string> Callers => [.. Everybody];

    private static IEnumerable<IMethod> Methods => typeof(RpcMethods).GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)
        .Select(one => one.GetValue(null)).OfType<IMethod>();

    public async Task InitializeAsync()
    {
        _services.Messages.Writer.Complete();
        _address = await _cluster.ServeAsync(_cluster.Node("m1", NodeRole.Manager), _services.Offered, new RpcServerOptions
        {
            Standing = StandingOf,
            Peers = () =>
            {
                _services.Calls.Enqueue(("Meet", ""));
                return new Dictionary<string, string>();
            },
        });
    }

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _stranger.Dispose();
    }

    [Fact]
    public void Every_method_has_a_row() => Assert.Equal(May.Keys.Order(), Methods.Select(method => method.FullName).Order());

    [Theory]
    [MemberData(nameof(Callers))]
    public async Task Everybody_reaches_what_the_table_says_and_nothing_else(string who)
    {
        var tls = TlsOf(who);
        var channel = new PeerChannel(_address, tls, TimeProvider.System, RpcLimits.ConnectTimeout, RpcLimits.MaxCallSize);
        foreach (var method in Methods)
        {
            _services.Calls.Clear();
            var fault = await InvokeAsync(method, channel);
            if (May[method.FullName].Contains(who))
            {
                Assert.True(fault is null, $"{who} may call {method.FullName}, but: {fault?.Message}");
                // Whatever the request says, the handler is told who the certificate says it is.
                var (_, caller) = Assert.Single(_services.Calls);
                Assert.Contains(caller, new[] { "", IdOf(who) });
            }
            else
            {
                Assert.True(fault is not null, $"{who} may not call {method.FullName}, but did");
                Assert.Empty(_services.Calls);
                Assert.True(
                    fault.Status is RpcStatus.Unauthenticated or RpcStatus.PermissionDenied || (IsStoppedByTls(who) && fault.Status == RpcStatus.Unavailable),
                    $"{who}, {method.FullName}: {fault.Status} {fault.Message}");
            }
        }

        channel.Release();
    }

    [Fact]
    public async Task A_node_that_is_removed_or_demoted_may_no_more_on_an_open_connection()
    {
        var channels = _cluster.Channels(_cluster.Node("m2", NodeRole.Manager));
        await channels.CallAsync(_address, RpcMethods.LeaveManager, new(), RpcLimits.CallTimeout, _cluster.Token);
        _demoted.Add("m2");
        var fault = await Assert.ThrowsAsync<RpcFault>(() => channels.CallAsync(_address, RpcMethods.LeaveManager, new(), RpcLimits.CallTimeout, _cluster.Token));
        Assert.Equal(RpcStatus.PermissionDenied, fault.Status);
        await channels.CallAsync(_address, RpcMethods.Heartbeat, new(), RpcLimits.CallTimeout, _cluster.Token);
        _removed.Add("m2");
        fault = await Assert.ThrowsAsync<RpcFault>(() => channels.CallAsync(_address, RpcMethods.Heartbeat, new(), RpcLimits.CallTimeout, _cluster.Token));
        Assert.Contains("m2 was removed", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_open_connection_does_not_outlive_its_certificate()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch);
        var gate = new CallGate(time, (_, _) => NodeStanding.Good);
        var caller = new Caller(new NodeIdentity("w", NodeRole.Worker, "c"), DateTimeOffset.UnixEpoch.AddHours(1), 0, null);
        gate.Admit(caller, CallPolicy.Node, "x");
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(RpcStatus.Unauthenticated, Assert.Throws<RpcFault>(() => gate.Admit(caller, CallPolicy.Node, "x")).Status);
    }

    private static string IdOf(string who) => "node-" + Array.IndexOf(Everybody, who);

    private static bool IsStoppedByTls(string who) => who is Expired or Foreign or OtherCluster or NoNode;

    private NodeStanding StandingOf(NodeIdentity identity, long issuedAt) =>
        _removed.Contains(identity.NodeId) || identity.NodeId == IdOf(RemovedWorker) || identity.NodeId == IdOf(RemovedManager) ? NodeStanding.Removed
        : _demoted.Contains(identity.NodeId) || identity.NodeId == IdOf(Demoted) ? NodeStanding.Demoted
        : NodeStanding.Good;

    private SslClientAuthenticationOptions TlsOf(string who) => who == Nobody ? PeerTls.Joining(_cluster.Root, TimeProvider.System) : new()
    {
        ClientCertificateContext = who == NoNode ? Anonymous() : CertificateOf(who).Context,
        ApplicationProtocols = [SslApplicationProtocol.Http2],
        // A caller that believes anybody: what stops it must be the server.
        RemoteCertificateValidationCallback = (_, _, _, _) => true,
    };

    private NodeCertificate CertificateOf(string who)
    {
        var time = who == Expired ? new FakeTimeProvider(TimeProvider.System.GetUtcNow().AddMinutes(-30)) : TimeProvider.System;
        var identity = new NodeIdentity(IdOf(who), who is Worker or RemovedWorker ? NodeRole.Worker : NodeRole.Manager, who == OtherCluster ? "c2" : "c1");
        var root = who == Foreign ? _stranger : _cluster.Root;
        using var key = new NodeKey();
        return NodeCredentials.Install(_cluster.Folder(IdOf(who)), key, root.IssueNodeCertificate(key.CreateRequest(), identity, TimeSpan.FromMinutes(20), time), root.Pem).Current;
    }

    /// <summary>A certificate that the root did sign, for something that is no node.</summary>
    private SslStreamCertificateContext Anonymous()
    {
        using var key = ECDsa.Create();
        var now = TimeProvider.System.GetUtcNow();
        using var issued = new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256).Create(_cluster.Root.Certificate, now, now.AddDays(1), [1, 2, 3]);
        return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(issued.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem()), null, offline: true);
    }

    /// <summary>What the call was refused with; null: it got through.</summary>
    private async Task<RpcFault?> InvokeAsync(IMethod method, PeerChannel channel)
    {
        var types = method.GetType().GetGenericArguments();
        var invoke = typeof(AuthorizationTests).GetMethod(nameof(CallAsync), BindingFlags.Instance | BindingFlags.NonPublic)!.MakeGenericMethod(types);
        try
        {
            await (Task)invoke.Invoke(this, [method, channel])!;
            return null;
        }
        catch (RpcFault fault)
        {
            return fault;
        }
    }

    private async Task CallAsync<TRequest, TResponse>(Method<TRequest, TResponse> method, PeerChannel channel)
        where TRequest : class where TResponse : class
    {
        // On a link: its first call, with an empty body.
        var request = typeof(TRequest) == typeof(OpaqueBytes) ? (TRequest)(object)new OpaqueBytes(new byte[] { 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0 }) : Activator.CreateInstance<TRequest>();
        if (method.Type == MethodType.Unary)
        {
            await UnaryCall.InvokeAsync(channel.Channel, _address, method, request, RpcLimits.CallTimeout, TimeProvider.System, _cluster.Token);
            return;
        }

        var options = new CallOptions(cancellationToken: _cluster.Token);
        var calls = channel.Channel.CreateCallInvoker();
        using var duplex = method.Type == MethodType.DuplexStreaming ? calls.AsyncDuplexStreamingCall(method, null, options) : null;
        using var streaming = duplex is null ? calls.AsyncServerStreamingCall(method, null, options, request) : null;
        try
        {
            if (duplex is not null && method == (object)RpcMethods.ConsensusLink)
            {
                await duplex.ResponseStream.MoveNext(_cluster.Token);
                await duplex.RequestStream.WriteAsync(request, _cluster.Token);
            }

            await (duplex?.ResponseStream ?? streaming!.ResponseStream).MoveNext(_cluster.Token);
        }
        catch (RpcException failure)
        {
            throw FaultTrailers.ToFault(failure, _address);
        }
    }
}
