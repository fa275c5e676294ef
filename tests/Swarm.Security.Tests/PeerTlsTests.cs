using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Time.Testing;
using Swarm.Model;

namespace Swarm.Security.Tests;

public sealed class PeerTlsTests : IDisposable
{
    private readonly TestFolder _disk = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly RootCertificate _root;
    private readonly RootCertificate _stranger;

    public PeerTlsTests()
    {
        _root = RootCertificate.Create(_time);
        _stranger = RootCertificate.Create(_time);
    }

    public void Dispose()
    {
        _disk.Dispose();
        _root.Dispose();
        _stranger.Dispose();
    }

    [Fact]
    public async Task Nodes_of_one_cluster_know_each_other()
    {
        var (manager, worker) = (Node("m", NodeRole.Manager), Node("w", NodeRole.Worker));
        var seen = await HandshakeAsync(PeerTls.Server(manager, _time), PeerTls.Client(worker, _time));
        Assert.Equal(worker.Identity, seen);
    }

    [Fact]
    public async Task A_joining_machine_needs_no_certificate() =>
        Assert.Null(await HandshakeAsync(PeerTls.Server(Node("m", NodeRole.Manager), _time), PeerTls.Joining(_root, _time)));

    [Fact]
    public Task A_caller_of_another_root_fails_the_handshake() =>
        Refused(PeerTls.Server(Node("m", NodeRole.Manager), _time), PeerTls.Client(Node("w", NodeRole.Worker, _stranger), _time));

    [Fact]
    public Task A_manager_of_another_root_is_not_believed() =>
        Refused(PeerTls.Server(Node("m", NodeRole.Manager, _stranger), _time), PeerTls.Client(Node("w", NodeRole.Worker), _time));

    [Fact]
    public Task A_caller_of_another_cluster_fails_the_handshake() =>
        Refused(PeerTls.Server(Node("m", NodeRole.Manager), _time), PeerTls.Client(Node("m2", NodeRole.Manager, cluster: "c2"), _time));

    [Fact]
    public Task A_worker_cannot_pose_as_a_manager() =>
        Refused(PeerTls.Server(Node("w1", NodeRole.Worker), _time), PeerTls.Client(Node("w2", NodeRole.Worker), _time));

    [Fact]
    public Task A_worker_cannot_pose_as_a_manager_before_a_joining_machine() =>
        Refused(PeerTls.Server(Node("w1", NodeRole.Worker), _time), PeerTls.Joining(_root, _time));

    [Fact]
    public async Task An_expired_certificate_fails_the_handshake()
    {
        var (manager, worker) = (Node("m", NodeRole.Manager, lifetime: TimeSpan.FromDays(2)), Node("w", NodeRole.Worker));
        _time.Advance(TimeSpan.FromHours(25));
        await Refused(PeerTls.Server(manager, _time), PeerTls.Client(worker, _time));
    }

    private NodeCertificate Node(string id, NodeRole role, RootCertificate? root = null, string cluster = "c1", TimeSpan? lifetime = null)
    {
        root ??= _root;
        using var key = new NodeKey();
        var pem = root.IssueNodeCertificate(key.CreateRequest(), new NodeIdentity(id, role, cluster), lifetime ?? TimeSpan.FromDays(1), _time);
        return NodeCredentials.Install(new NodeFolder(Path.Combine(_disk.Path, Guid.NewGuid().ToString("n"))), key, pem, root.Pem).Current;
    }

    private static Task Refused(SslServerAuthenticationOptions server, SslClientAuthenticationOptions client) =>
        Assert.ThrowsAsync<AuthenticationException>(() => HandshakeAsync(server, client));

    /// <summary>Whom the server saw; null for nobody.</summary>
    private static async Task<NodeIdentity?> HandshakeAsync(SslServerAuthenticationOptions server, SslClientAuthenticationOptions client)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var calling = new TcpClient();
        var connected = calling.ConnectAsync((IPEndPoint)listener.LocalEndpoint, deadline.Token);
        using var accepted = await listener.AcceptTcpClientAsync(deadline.Token);
        await connected;
        await using var serverStream = new SslStream(accepted.GetStream());
        await using var clientStream = new SslStream(calling.GetStream());
        client.TargetHost = "10.0.0.1";
        var serving = serverStream.AuthenticateAsServerAsync(server, deadline.Token);
        await clientStream.AuthenticateAsClientAsync(client, deadline.Token);
        await serving;
        return serverStream.RemoteCertificate is System.Security.Cryptography.X509Certificates.X509Certificate2 peer && NodeIdentity.TryRead(peer, out var identity) ? identity : null;
    }
}
