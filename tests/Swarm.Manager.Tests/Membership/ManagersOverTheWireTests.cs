using Swarm.Manager.Certificates;
using Swarm.Model;
using Swarm.Rpc.Clients;
using Swarm.Security;
using Swarm.Store;
using Swarm.Store.Consensus.Raft;

namespace Swarm.Manager.Tests.Membership;

/// <summary>Three managers with real consensus over mutual TLS: they join by token, and roles change while they agree.</summary>
public sealed class ManagersOverTheWireTests : IAsyncLifetime
{
    private readonly string _path = Directory.CreateTempSubdirectory("swarm-wire-").FullName;
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(60));
    private readonly List<WireManager> _managers = [];

    public async Task InitializeAsync()
    {
        var wishes = new ClusterWishes("", new ClusterSpec(), NodeAvailability.Active, [], 24, 4789);
        var founded = ClusterFounding.Found(wishes, Folder(0), new Random(1), TimeProvider.System);
        var first = await WireManager.StartAsync(founded.Credentials, PathOf(0), RaftBootstrap.Found, [], _deadline.Token);
        _managers.Add(first);
        var node = founded.FirstManager with { Manager = new ManagerStatus { Address = first.Address } };
        Assert.True((await first.Store.CommitAsync(new StoreTransaction().Create(founded.Cluster).Create(node), _deadline.Token)).IsCommitted);
        await JoinAsync(1);
        await JoinAsync(2);
    }

    public async Task DisposeAsync()
    {
        foreach (var manager in _managers)
        {
            await manager.DisposeAsync();
        }

        _deadline.Dispose();
        Directory.Delete(_path, recursive: true);
    }

    [Fact]
    public async Task A_demoted_leader_hands_over_leaves_and_the_rest_still_agrees()
    {
        var leader = _managers[0];
        Assert.Equal(3, leader.Store.Consensus.Members.Count(member => member.Voter));
        await WantAsync(leader.Id, NodeRole.Worker, by: _managers[1]);

        await SeeAsync(_managers[1].Store, view => view.Nodes.Find(leader.Id)!.Role == NodeRole.Worker);
        await SeeAsync(_managers[2].Store, view => view.Nodes.Find(leader.Id)!.Manager is null);
        var next = _managers.Skip(1).Single(manager => manager.Store.Leadership.IsLeader);
        Assert.Equal(_managers.Skip(1).Select(manager => manager.Id).Order(), next.Store.Consensus.Members.Select(member => member.NodeId).Order());
        await WantAsync(_managers[2].Id, NodeRole.Manager, by: _managers[1]); // a write that a majority of the two took
    }

    [Fact]
    public async Task A_stopped_manager_is_demoted_by_the_rest()
    {
        var stopped = _managers[2];
        _managers.RemoveAt(2);
        await stopped.DisposeAsync();
        await WantAsync(stopped.Id, NodeRole.Worker, by: _managers[1]);
        await SeeAsync(_managers[0].Store, view => view.Nodes.Find(stopped.Id) is { Role: NodeRole.Worker, Manager: null });
    }

    private async Task JoinAsync(int index)
    {
        var token = _managers[0].Store.View.Cluster!.RootCa.ManagerJoinToken;
        var joined = await new JoinClient(TimeProvider.System).JoinAsync([_managers[0].Address], token, NodeAvailability.Active, Folder(index), _deadline.Token);
        var manager = await WireManager.StartAsync(
            joined.Credentials, PathOf(index), RaftBootstrap.Join, joined.Managers.Select(peer => (peer.NodeId, peer.Address)), _deadline.Token);
        _managers.Add(manager);
        await manager.JoinAsync(_deadline.Token);
    }

    private async Task WantAsync(string id, NodeRole role, WireManager by)
    {
        while (true)
        {
            var node = (await by.Store.ReadAsync(_deadline.Token)).Nodes.Find(id)!;
            var commit = await by.Store.CommitAsync(new StoreTransaction().Update(node with { Spec = node.Spec with { Role = role } }), _deadline.Token);
            if (commit.IsCommitted)
            {
                return;
            }

            Assert.Equal(CommitStatus.Conflict, commit.Status);
        }
    }

    private async Task SeeAsync(IObjectStore store, Func<StoreView, bool> condition)
    {
        using var watch = store.Watch();
        for (var view = watch.Start; !condition(view); view = (await watch.Commits.ReadAsync(_deadline.Token)).View)
        {
        }
    }

    private string PathOf(int index) => Path.Combine(_path, "m" + index);

    private NodeFolder Folder(int index) => new(PathOf(index));
}
