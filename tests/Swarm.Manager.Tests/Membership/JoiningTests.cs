using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Manager.Certificates;
using Swarm.Manager.Membership;
using Swarm.Model;
using Swarm.Rpc.Certificates;
using Swarm.Rpc.Clients;
using Swarm.Rpc.Hosting;
using Swarm.Rpc.Membership;
using Swarm.Security;
using Swarm.Store;

namespace Swarm.Manager.Tests.Membership;

/// <summary>A machine's whole way over the real wire: token, certificate, worker, manager, worker, removed.</summary>
public sealed class JoiningTests : IAsyncLifetime
{
    private readonly string _path = Directory.CreateTempSubdirectory("swarm-joining-").FullName;
    private readonly CancellationTokenSource _stop = new(TimeSpan.FromSeconds(60));
    private readonly MemoryStore _store = new(TimeProvider.System);
    private readonly FakeConsensus _consensus = new("self");
    private readonly List<Task> _loops = [];
    private RpcServer _server = null!;
    private string _address = "";

    public async Task InitializeAsync()
    {
        var wishes = new ClusterWishes("127.0.0.1:2377", new ClusterSpec(), NodeAvailability.Active, [], 24, 4789);
        var founded = ClusterFounding.Found(wishes, Folder("founder"), new Random(1), TimeProvider.System);
        await CommitAsync(new StoreTransaction().Create(founded.Cluster).Create(founded.FirstManager).Create(ManagersFixture.Manager("self")));
        var queue = new MembershipQueue();
        var book = new PeerAddressBook(Folder("founder"));
        var services = new RpcServices
        {
            NodeCa = new NodeCertificateAuthority(_store, TimeProvider.System, NullLogger<NodeCertificateAuthority>.Instance),
            Membership = new MembershipService(_store, _consensus, queue, book, TimeProvider.System, NullLogger<MembershipService>.Instance),
        };
        var options = new RpcServerOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0), Standing = (caller, issuedAt) => NodeStandings.Of(_store.View, caller, issuedAt) };
        _server = await RpcServer.StartAsync(options, services, founded.Credentials, TimeProvider.System, NullLoggerFactory.Instance, _stop.Token);
        _address = $"127.0.0.1:{_server.Endpoint.Port}";
        _loops.Add(queue.RunAsync(_stop.Token));
        _loops.Add(new RoleReconciler(_store, _consensus, queue, TimeProvider.System, NullLogger<RoleReconciler>.Instance).RunAsync(_stop.Token));
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _stop.CancelAsync();
        foreach (var loop in _loops)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop);
        }

        _stop.Dispose();
        Directory.Delete(_path, recursive: true);
    }

    [Fact]
    public async Task A_machine_joins_is_promoted_is_demoted_and_is_removed()
    {
        var folder = Folder("machine");
        var token = _store.View.Cluster!.RootCa.WorkerJoinToken;
        var joined = await new JoinClient(TimeProvider.System).JoinAsync([_address], token, NodeAvailability.Active, folder, _stop.Token);
        var id = joined.Credentials.Identity.NodeId;
        Assert.Equal(NodeRole.Worker, _store.View.Nodes.Find(id)!.Role);

        var book = new PeerAddressBook(folder);
        book.Set("leader", _address);
        using var channels = new RpcChannels(joined.Credentials, TimeProvider.System);
        var ca = new NodeCaClient(channels, book, new Random(1), TimeProvider.System);
        var membership = new MembershipClient(channels, book, new Random(1), TimeProvider.System);
        var renewal = new CertificateRenewal(joined.Credentials, ca.RenewCertificateAsync, new Random(1), TimeProvider.System, NullLogger<CertificateRenewal>.Instance);
        _loops.Add(renewal.RunAsync(_stop.Token));
        await Assert.ThrowsAsync<Rpc.RpcFault>(() => membership.JoinManagerAsync(new JoinManagerRequest { Address = "10.0.0.9:2377" }, _stop.Token));

        await ChangeAsync(id, NodeRole.Manager, renewal, joined.Credentials);
        await membership.JoinManagerAsync(new JoinManagerRequest { Address = "10.0.0.9:2377" }, _stop.Token);
        Assert.Contains(_consensus.Members, member => member.NodeId == id);
        Assert.Equal("10.0.0.9:2377", _store.View.Nodes.Find(id)!.Manager!.Address);

        await ChangeAsync(id, NodeRole.Worker, renewal, joined.Credentials);
        Assert.DoesNotContain(_consensus.Members, member => member.NodeId == id);

        using var key = new NodeKey();
        var renew = new RenewCertificateRequest { Request = key.CreateRequest() };
        await ca.RenewCertificateAsync(renew, _stop.Token);
        await CommitAsync(new StoreTransaction().Delete(_store.View.Nodes.Find(id)!));
        await SeeAsync(view => RemovedNodes.Contains(view, id));
        var fault = await Assert.ThrowsAsync<Rpc.RpcFault>(() => ca.RenewCertificateAsync(renew, _stop.Token));
        Assert.Contains("was removed from this cluster", fault.Message, StringComparison.Ordinal);
    }

    /// <summary>What the user does, and then what the node's session tells it.</summary>
    private async Task ChangeAsync(string id, NodeRole role, CertificateRenewal renewal, NodeCredentials credentials)
    {
        var renewed = new TaskCompletionSource<NodeCertificate>(TaskCreationOptions.RunContinuationsAsynchronously);
        credentials.Replaced += certificate => renewed.TrySetResult(certificate);
        var node = _store.View.Nodes.Find(id)!;
        await CommitAsync(new StoreTransaction().Update(node with { Spec = node.Spec with { Role = role } }));
        await SeeAsync(view => view.Nodes.Find(id)!.Role == role);
        renewal.RoleWanted(role);
        Assert.Equal(role, (await renewed.Task.WaitAsync(_stop.Token)).Identity.Role);
    }

    private async Task SeeAsync(Func<StoreView, bool> condition)
    {
        using var watch = _store.Watch();
        for (var view = watch.Start; !condition(view); view = (await watch.Commits.ReadAsync(_stop.Token)).View)
        {
        }
    }

    private async Task CommitAsync(StoreTransaction transaction) => Assert.True((await _store.CommitAsync(transaction, _stop.Token)).IsCommitted);

    private NodeFolder Folder(string name) => new(Path.Combine(_path, name));
}
