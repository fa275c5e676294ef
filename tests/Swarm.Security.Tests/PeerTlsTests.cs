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

    /// <summary>The server's and the client's: each certificate (with what leads to the old root) against each set of roots.</summary>
    [Theory]
    [InlineData("new", "both", "old", "old", true)] // was away since before the change
    [InlineData("new", "new", "new", "old", true)]
    [InlineData("new", "new", "new", "both", true)]
    [InlineData("new", "both", "old", "both", true)]
    [InlineData("old", "old", "new", "both", true)]
    [InlineData("new", "new", "old", "both", false)] // the change is over
    [InlineData("old", "both", "new", "new", false)]
    public async Task While_the_root_changes_nodes_on_both_sides_of_it_know_each_other(string serverOf, string serverTrusts, string clientOf, string clientTrusts, bool good)
    {
        using var next = RootCertificate.Create(_time);
        var (server, client) = (Moving(serverOf, serverTrusts, "m"), Moving(clientOf, clientTrusts, "w"));
        var handshake = HandshakeAsync(PeerTls.Server(server, _time), PeerTls.Client(client, _time));
        if (good)
        {
            Assert.Equal(client.Identity, await handshake);
        }
        else
        {
            await Assert.ThrowsAsync<AuthenticationException>(() => handshake);
        }

        NodeCertificate Moving(string issuer, string trusts, string id)
        {
            using var key = new NodeKey();
            var identity = new NodeIdentity(id, id == "m" ? NodeRole.Manager : NodeRole.Worker, "c1");
            var pem = (issuer == "new" ? next : _root).IssueNodeCertificate(key.CreateRequest(), identity, TimeSpan.FromDays(1), _time);
            var chain = issuer == "new" ? pem + _root.CrossSign(next, _time) : pem;
            var roots = trusts switch { "new" => next.Pem, "old" => _root.Pem, _ => _root.Pem + next.Pem };
            return NodeCredentials.Install(new NodeFolder(Path.Combine(_disk.Path, Guid.NewGuid().ToString("n"))), key, chain, roots).Current;
        }
    }

    [Theory]
    [InlineData(SslProtocols.Tls12, true)]
    [InlineData(SslProtocols.Tls13, true)]
#pragma warning disable SYSLIB0039 // Older protocols are what must be refused.
    [InlineData(SslProtocols.Tls11, false)]
    [InlineData(SslProtocols.Tls, false)]
#pragma warning restore SYSLIB0039
    public async Task Only_TLS_1_2_and_newer_are_spoken(SslProtocols protocol, bool spoken)
    {
        var (server, client) = (PeerTls.Server(Node("m", NodeRole.Manager), _time), PeerTls.Client(Node("w", NodeRole.Worker), _time));
        // This machine's OpenSSL may refuse the older ones by itself, so what we ask for is looked at, too.
        Assert.Equal(spoken, server.EnabledSslProtocols.HasFlag(protocol));
        Assert.Equal(spoken, client.EnabledSslProtocols.HasFlag(protocol));
        Assert.Equal(spoken, PeerTls.Joining(_root, _time).EnabledSslProtocols.HasFlag(protocol));
        client.EnabledSslProtocols = protocol;
        var handshake = HandshakeAsync(server, client);
        if (spoken)
        {
            await handshake;
        }
        else
        {
            await Assert.ThrowsAnyAsync<Exception>(() => handshake);
        }
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
