using Microsoft.Extensions.Time.Testing;
using Swarm.Manager.Dispatch;
using Swarm.Manager.Networks;
using Swarm.Model;
using Swarm.Rpc.Dispatch;
using Swarm.Store;
using TaskStatus = Swarm.Model.TaskStatus;

namespace Swarm.Manager.Tests.Dispatch;

public sealed class NetworkTablesTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly FakeTimeProvider _time = new();
    private readonly MemoryStore _store;
    private readonly NetworkTables _tables;
    private readonly SessionTable _sessions;
    private readonly Drains _drains;

    public NetworkTablesTests()
    {
        _store = new MemoryStore(_time);
        _tables = new NetworkTables(_store);
        _sessions = new SessionTable(_time);
        _drains = new Drains(_sessions, _time);
        Write(transaction => transaction
            .Create(new Network { Id = "net", Annotations = new Annotations { Name = "net" }, Pools = [new NetworkPool { Subnet = "10.1.0.0/24" }], LastGiven = ["10.1.0.9/24"] })
            .Create(Node("n1")).Create(Node("n2")).Create(Node("n3"))
            .Create(new Service
            {
                Id = "web",
                Spec = new ServiceSpec { Annotations = new Annotations { Name = "web" }, Task = new TaskSpec { Networks = [new NetworkAttachmentConfig { Target = "net", Aliases = ["www"] }] } },
                Endpoint = new ServiceEndpoint { VirtualIps = [new VirtualIp { NetworkId = "net", Address = "10.1.0.2/24" }] },
            })
            .Create(Task("t1", "n1", "10.1.0.3/24")).Create(Task("t2", "n2", "10.1.0.4/24")));
    }

    private NetworkTable Net => _tables.Take().ByNetwork["net"];

    [Fact]
    public void A_table_says_who_is_there_and_who_serves()
    {
        Assert.Equal(["n1", "n2"], Net.Peers.Keys);
        Assert.Equal(("10.0.0.1", true), (Net.Peers["n1"].Address, Net.Endpoints["t1"].IsServing));
        Assert.Equal(["web", "www"], Net.Services["web"].Names.ToArray());
        Assert.Equal(["10.1.0.2"], Net.Services["web"].VirtualIps.ToArray());
        Assert.Empty(Net.Network.LastGiven);
    }

    [Fact]
    public void What_was_built_from_changes_is_what_a_new_leader_builds_from_the_store()
    {
        _ = Net;
        Change("n2", node => node with { Status = node.Status with { State = NodeState.Down } });
        Assert.False(Net.Endpoints["t2"].IsServing);
        Change("n2", node => node with { Status = node.Status with { State = NodeState.Ready, Address = "10.0.0.22" } });
        Write(transaction => transaction.Create(Task("t3", "n3", "10.1.0.5/24")));
        Stop("t1");
        Write(transaction => transaction.Update(_store.View.Tasks.Find("t1")! with { Status = new TaskStatus { State = TaskState.Shutdown } }));
        Assert.Equal(["n2", "n3"], Net.Peers.Keys);
        Assert.True(Codec.Same(Net, new NetworkTables(_store).Take().ByNetwork["net"] with { Index = Net.Index }));
    }

    [Fact]
    public void Who_merges_the_changes_has_the_table()
    {
        var first = Net;
        var merged = Wire(_tables.Between(null, first)).ApplyTo(null);
        Assert.True(Codec.Same(first, merged));
        Stop("t1");
        Write(transaction => transaction.Delete(_store.View.Tasks.Find("t2")!).Create(Task("t3", "n3", "10.1.0.5/24")));
        var change = Wire(_tables.Between(first, Net));
        Assert.Null(change.Network);
        Assert.Equal(["t1", "t3"], change.Endpoints.Keys);
        Assert.True(Codec.Same(Net, change.ApplyTo(merged)));
    }

    [Fact]
    public void Keys_of_an_encrypted_network_reach_its_nodes_and_the_network_itself_has_none()
    {
        var keys = KeyRotation.First(_time.GetUtcNow());
        Write(transaction => transaction.Create(new Network { Id = "safe", Annotations = new Annotations { Name = "safe" }, Keys = keys }).Create(Safe("t3", "10.1.0.5/24")));
        var first = Table();
        Assert.Null(first.Network.Keys);
        Assert.Equal(("", "10.0.0.3", "10.0.0.3"), (first.Peers["n3"].Address, first.Peers["n3"].SealedAddress, first.Peers["n3"].Underlay)); // an older version sends to nobody
        var merged = Wire(_tables.Between(null, first)).ApplyTo(null);
        Assert.Equal(1, merged.Keys!.Current);

        Write(transaction => transaction.Update(_store.View.Networks.Find("safe")! with { LastGiven = ["10.1.0.9/24"] }));
        Assert.Same(first, Table());
        Write(transaction => transaction.Update(_store.View.Networks.Find("safe")! with { Keys = KeyRotation.Next(keys, _time.GetUtcNow()) }));
        var change = Wire(_tables.Between(first, Table()));
        Assert.Null(change.Network);
        Assert.Equal(2, change.ApplyTo(merged).Keys!.Current);
        Assert.True(Codec.Same(Table(), change.ApplyTo(merged)));
        Assert.True(Codec.Same(Table(), new NetworkTables(_store).Take().ByNetwork["safe"] with { Index = Table().Index }));

        var second = Table();
        Write(transaction => transaction.Create(Safe("t4", "10.1.0.6/24")));
        Assert.Null(Wire(_tables.Between(second, Table())).Keys); // they are told once

        NetworkTable Table() => _tables.Take().ByNetwork["safe"];
        static SwarmTask Safe(string id, string address) => Task(id, "n3", address) with { Networks = [new NetworkAttachment { NetworkId = "safe", Addresses = [address] }] };
    }

    [Fact]
    public void A_table_that_did_not_change_keeps_its_index()
    {
        var index = Net.Index;
        Write(transaction => transaction.Create(new Secret { Id = "secret" }));
        Change("n3", node => node with { Status = node.Status with { State = NodeState.Down } });
        Assert.Equal(index, Net.Index);
    }

    [Fact]
    public void A_task_is_told_to_stop_once_everybody_has_acknowledged_that_it_serves_no_more()
    {
        var (own, ownSession) = Session("n1");
        var (other, otherSession) = Session("n2");
        _ = own.Next(_tables.Take());
        _ = other.Next(_tables.Take());
        Stop("t1");
        var told = own.Next(_tables.Take())!;
        Assert.Empty(told.Tasks);
        Assert.False(told.Networks.Single().Endpoints["t1"].IsServing);
        Assert.Equal(["t1"], own.Withheld);
        ownSession.Acknowledged = told.NetworksIndex;
        Assert.Null(own.Next(_tables.Take()));
        otherSession.Acknowledged = other.Next(_tables.Take())!.NetworksIndex;
        Assert.Equal(TaskState.Shutdown, own.Next(_tables.Take())!.Tasks.Single().DesiredState);
        Assert.Empty(own.Withheld);
    }

    [Fact]
    public void A_node_that_does_not_answer_is_waited_for_no_longer_than_a_second()
    {
        var (own, session) = Session("n1");
        _ = own.Next(_tables.Take());
        Stop("t1");
        session.Acknowledged = own.Next(_tables.Take())!.NetworksIndex;
        Assert.Equal(TimeSpan.FromSeconds(1), _drains.Wait(own.Withheld));
        _time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Null(own.Next(_tables.Take()));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(TaskState.Shutdown, own.Next(_tables.Take())!.Tasks.Single().DesiredState);
    }

    [Fact]
    public void Nobody_waits_for_a_node_that_is_down_or_of_an_older_version()
    {
        var (own, session) = Session("n1");
        _ = own.Next(_tables.Take());
        Write(transaction => transaction.Create(Task("t3", "n3", "10.1.0.5/24")));
        _sessions.Open("s-n3", "n3", hasNetworks: false);
        Change("n2", node => node with { Status = node.Status with { State = NodeState.Down } });
        Stop("t1");
        session.Acknowledged = own.Next(_tables.Take())!.NetworksIndex;
        Assert.Equal(TaskState.Shutdown, own.Next(_tables.Take())!.Tasks.Single().DesiredState);
    }

    [Fact]
    public void A_new_session_withholds_too_and_a_task_without_networks_never_waits()
    {
        Write(transaction => transaction.Create(Task("bare", "n1", "")));
        Stop("t1");
        Stop("bare");
        var (own, _) = Session("n1");
        var told = own.Next(_tables.Take())!;
        Assert.Equal([("bare", TaskState.Shutdown), ("t1", TaskState.Running)], told.Tasks.Select(task => (task.Id, task.DesiredState)));
    }

    private (AssignmentSet, NodeSession) Session(string nodeId) => (new AssignmentSet(nodeId, _tables, _drains), _sessions.Open("s-" + nodeId, nodeId, hasNetworks: true));

    private static NetworkChange Wire(NetworkChange change) => Codec.Deserialize<NetworkChange>(Codec.Serialize(change));

    private static Node Node(string id) => new() { Id = id, Status = new NodeStatus { State = NodeState.Ready, Address = "10.0.0." + id[1..] } };

    private static SwarmTask Task(string id, string nodeId, string address) => new()
    {
        Id = id,
        Name = "web." + id,
        ServiceId = "web",
        NodeId = nodeId,
        DesiredState = TaskState.Running,
        Status = new TaskStatus { State = TaskState.Running },
        Networks = address.Length == 0 ? [] : [new NetworkAttachment { NetworkId = "net", Addresses = [address] }],
    };

    private void Stop(string id) => Write(transaction => transaction.Update(_store.View.Tasks.Find(id)! with { DesiredState = TaskState.Shutdown }));

    private void Change(string nodeId, Func<Node, Node> change) => Write(transaction => transaction.Update(change(_store.View.Nodes.Find(nodeId)!)));

    private void Write(Func<StoreTransaction, StoreTransaction> change) => Assert.True(_store.CommitAsync(change(new StoreTransaction()), None).Result.IsCommitted);
}
