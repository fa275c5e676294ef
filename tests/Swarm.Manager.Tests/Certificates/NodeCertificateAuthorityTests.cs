using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Swarm.Manager.Certificates;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Certificates;
using Swarm.Security;
using Swarm.Store;

namespace Swarm.Manager.Tests.Certificates;

public sealed class NodeCertificateAuthorityTests : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("swarm-ca-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly MemoryStore _store;
    private readonly NodeCertificateAuthority _ca;
    private readonly FoundedCluster _founded;
    private readonly NodeKey _key = new();

    public NodeCertificateAuthorityTests()
    {
        _store = new MemoryStore(_time);
        _ca = new NodeCertificateAuthority(_store, _time, NullLogger<NodeCertificateAuthority>.Instance);
        var wishes = new ClusterWishes("10.0.0.1:2377", new ClusterSpec { NodeCertExpiry = TimeSpan.FromDays(30) }, NodeAvailability.Active, ["10.0.0.0/8"], 24, 4789);
        _founded = ClusterFounding.Found(wishes, new NodeFolder(_path), new Random(1), _time);
        Assert.True(_store.CommitAsync(new StoreTransaction().Create(_founded.Cluster).Create(_founded.FirstManager), default).Result.IsCommitted);
    }

    public void Dispose()
    {
        _key.Dispose();
        Directory.Delete(_path, recursive: true);
    }

    [Fact]
    public void The_founder_is_the_first_manager()
    {
        Assert.Equal(new NodeIdentity(_founded.FirstManager.Id, NodeRole.Manager, _founded.Cluster.Id), _founded.Credentials.Identity);
        Assert.Equal(25, _founded.FirstManager.Id.Length);
        Assert.Equal(_founded.Credentials.Current.Issuer!.Digest, _founded.Cluster.RootCa.Digest);
        Assert.NotEqual(_founded.Cluster.RootCa.WorkerJoinToken, _founded.Cluster.RootCa.ManagerJoinToken);
    }

    [Theory]
    [InlineData(NodeRole.Worker)]
    [InlineData(NodeRole.Manager)]
    public async Task The_token_decides_the_role(NodeRole role)
    {
        var issued = await IssueAsync(TokenOf(role), NodeAvailability.Drain);
        Assert.Equal(new NodeIdentity(issued.NodeId, role, _founded.Cluster.Id), IdentityOf(issued));
        var node = _store.View.Nodes.Find(issued.NodeId)!;
        Assert.Equal((role, role, NodeAvailability.Drain), (node.Role, node.Spec.Role, node.Spec.Availability));
        Assert.Null(node.Manager);
        Assert.Equal("10.0.0.1:2377", Assert.Single(issued.Managers).Address);
    }

    [Fact]
    public async Task The_certificate_lives_as_long_as_the_cluster_says()
    {
        using var certificate = X509Certificate2.CreateFromPem((await IssueAsync(TokenOf(NodeRole.Worker))).Certificate);
        Assert.Equal(_time.GetUtcNow().AddDays(30), new DateTimeOffset(certificate.NotAfter));
    }

    [Fact]
    public async Task A_token_of_another_cluster_is_refused_and_nothing_is_written()
    {
        var fault = await Assert.ThrowsAsync<RpcFault>(() => IssueAsync(JoinToken.Generate(_founded.Cluster.RootCa.Digest).Reveal()));
        Assert.Equal((RpcStatus.InvalidArgument, "A valid join token is necessary to join this cluster"), (fault.Status, fault.Message));
        Assert.Single(_store.View.Nodes);
    }

    [Fact]
    public async Task A_rotated_token_is_refused_at_once()
    {
        var old = TokenOf(NodeRole.Worker);
        var cluster = _store.View.Cluster!;
        var rotated = cluster with { RootCa = cluster.RootCa with { WorkerJoinToken = JoinToken.Generate(cluster.RootCa.Digest).Reveal() } };
        await _store.CommitAsync(new StoreTransaction().Update(rotated), default);
        await Assert.ThrowsAsync<RpcFault>(() => IssueAsync(old));
        await IssueAsync(TokenOf(NodeRole.Worker));
    }

    [Fact]
    public async Task Asking_again_names_the_same_node()
    {
        var first = await IssueAsync(TokenOf(NodeRole.Worker));
        var second = await IssueAsync(TokenOf(NodeRole.Worker));
        Assert.Equal(first.NodeId, second.NodeId);
        Assert.Equal(2, _store.View.Nodes.Count);
    }

    [Fact]
    public async Task A_worker_does_not_become_a_manager_by_asking_again()
    {
        await IssueAsync(TokenOf(NodeRole.Worker));
        Assert.Equal(RpcStatus.InvalidArgument, (await Assert.ThrowsAsync<RpcFault>(() => IssueAsync(TokenOf(NodeRole.Manager)))).Status);
    }

    [Fact]
    public async Task What_is_no_request_leaves_no_node_behind()
    {
        var request = new IssueCertificateRequest { Request = "nonsense", JoinToken = TokenOf(NodeRole.Worker) };
        Assert.Equal(RpcStatus.InvalidArgument, (await Assert.ThrowsAsync<RpcFault>(() => _ca.IssueCertificateAsync(request, default))).Status);
        Assert.Single(_store.View.Nodes);
    }

    [Fact]
    public async Task A_renewed_certificate_carries_the_recorded_role()
    {
        var issued = await IssueAsync(TokenOf(NodeRole.Worker));
        var caller = IdentityOf(issued);
        Assert.Equal(NodeRole.Worker, (await RenewAsync(caller)).Role);

        // Wanted alone is not enough: the reconciler decides when.
        var node = _store.View.Nodes.Find(issued.NodeId)!;
        await _store.CommitAsync(new StoreTransaction().Update(node with { Spec = node.Spec with { Role = NodeRole.Manager } }), default);
        Assert.Equal(NodeRole.Worker, (await RenewAsync(caller)).Role);

        node = _store.View.Nodes.Find(issued.NodeId)!;
        await _store.CommitAsync(new StoreTransaction().Update(node with { Role = NodeRole.Manager }), default);
        Assert.Equal(caller with { Role = NodeRole.Manager }, IdentityOf(await RenewAsync(caller)));
    }

    [Fact]
    public async Task A_node_without_a_record_cannot_renew()
    {
        var fault = await Assert.ThrowsAsync<RpcFault>(() => RenewAsync(new NodeIdentity("gone", NodeRole.Manager, _founded.Cluster.Id)));
        Assert.Equal(RpcStatus.PermissionDenied, fault.Status);
    }

    [Fact]
    public async Task A_manager_without_the_clusters_record_sends_the_caller_on()
    {
        var empty = new NodeCertificateAuthority(new MemoryStore(_time), _time, NullLogger<NodeCertificateAuthority>.Instance);
        Assert.Equal(RpcStatus.Unavailable, (await Assert.ThrowsAsync<RpcFault>(() => empty.GetRootCertificateAsync(default))).Status);
    }

    private string TokenOf(NodeRole role) =>
        role == NodeRole.Manager ? _store.View.Cluster!.RootCa.ManagerJoinToken : _store.View.Cluster!.RootCa.WorkerJoinToken;

    private static NodeIdentity IdentityOf(IssuedCertificate issued)
    {
        using var certificate = X509Certificate2.CreateFromPem(issued.Certificate);
        return NodeIdentity.TryRead(certificate, out var identity) ? identity : throw new InvalidOperationException("no identity");
    }

    private Task<IssuedCertificate> IssueAsync(string token, NodeAvailability availability = NodeAvailability.Active) =>
        _ca.IssueCertificateAsync(new IssueCertificateRequest { Request = _key.CreateRequest(), JoinToken = token, Availability = availability }, default);

    private Task<IssuedCertificate> RenewAsync(NodeIdentity caller)
    {
        using var key = new NodeKey();
        return _ca.RenewCertificateAsync(caller, new RenewCertificateRequest { Request = key.CreateRequest() }, default);
    }
}
