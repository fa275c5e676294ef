using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Swarm.Manager.Control;
using Swarm.Manager.Dispatch;
using Swarm.Manager.Networks;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Work;
using Swarm.Store;
using TaskStatus = Swarm.Model.TaskStatus;

namespace Swarm.Manager.Tests.Dispatch;

public sealed class NetworkCheckTests : INodeWorkClient
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly MemoryStore _store = new(TimeProvider.System);
    private readonly Dictionary<string, NetworkState> _states = [];

    public NetworkCheckTests()
    {
        var transaction = new StoreTransaction().Create(new Network { Id = "net", Annotations = new Annotations { Name = "front" }, Pools = [new NetworkPool { Subnet = "10.1.0.0/24" }] });
        foreach (var id in (string[])["n1", "n2", "n3"])
        {
            transaction.Create(new Node { Id = id, Status = new NodeStatus { State = NodeState.Ready, Address = id, RpcAddress = id } });
        }

        foreach (var (id, node) in (ReadOnlySpan<(string, string)>)[("t1", "n1"), ("t2", "n2")])
        {
            transaction.Create(new SwarmTask
            {
                Id = id,
                NodeId = node,
                DesiredState = TaskState.Running,
                Status = new TaskStatus { State = TaskState.Running },
                Networks = [new NetworkAttachment { NetworkId = "net", Addresses = [$"10.1.0.{id[1..]}/24"] }],
            });
        }

        Assert.True(_store.CommitAsync(transaction, None).Result.IsCommitted);
        using var tables = new NetworkTables(_store);
        var table = tables.Take().ByNetwork["net"];
        _states["n1"] = _states["n2"] = new NetworkState { NetworkId = "net", Table = table };
        _states["n3"] = new NetworkState { NetworkId = "net" };
    }

    [Fact]
    public async Task Nodes_that_follow_the_store_differ_in_nothing() =>
        Assert.Equal([("n1", 0), ("n2", 0)], (await RunAsync("front")).Select(one => (one.NodeId, one.Differences.Length)));

    [Fact]
    public async Task What_differs_is_named()
    {
        var table = _states["n1"].Table!;
        _states["n1"] = new NetworkState
        {
            Table = table with
            {
                Endpoints = table.Endpoints.Remove("t2").SetItem("t1", table.Endpoints["t1"] with { IsServing = false }),
                Peers = table.Peers.SetItem("n9", new NetworkPeer()),
            },
            Faults = ["no forwarding entry for 02:42:0a:01:00:02"],
        };
        _states["n3"] = new NetworkState { Table = table };
        _states.Remove("n2");
        Assert.Equal(
            [
                "n1: endpoint t2 is missing; endpoint t1 differs; peer n9 should not be there; no forwarding entry for 02:42:0a:01:00:02",
                "n2: could not be asked: nobody is there",
                "n3: it still has a part in the network",
            ],
            (await RunAsync("net")).Select(one => $"{one.NodeId}: {string.Join("; ", one.Differences)}"));
    }

    [Fact]
    public async Task A_network_that_is_not_there_is_not_found() =>
        Assert.Equal(404, (await Assert.ThrowsAsync<ControlException>(() => RunAsync("other"))).Status);

    public async IAsyncEnumerable<NetworkState> NetworksAsync(string address, string nodeId, NetworkStateRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.Yield();
        yield return _states.GetValueOrDefault(nodeId) ?? throw new RpcFault(RpcStatus.Unavailable, "nobody is there");
    }

    public IAsyncEnumerable<LogBatch> LogsAsync(string address, string nodeId, TaskLogRequest request, CancellationToken cancellation) => throw new NotSupportedException();

    public IAsyncEnumerable<ExecOutput> ExecAsync(string address, string nodeId, IAsyncEnumerable<ExecInput> input, CancellationToken cancellation) => throw new NotSupportedException();

    private Task<IReadOnlyList<NodeNetworkCheck>> RunAsync(string network) => new NetworkCheck(_store, this).RunAsync(network, None);
}
