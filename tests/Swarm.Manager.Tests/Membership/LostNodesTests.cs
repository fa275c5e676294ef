using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Manager.Membership;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Store;

namespace Swarm.Manager.Tests.Membership;

public sealed class LostNodesTests
{
    [Fact]
    public async Task Who_is_down_is_told_where_the_leader_is_until_it_is_back()
    {
        await using var managers = new ManagersFixture("self");
        await managers.CommitAsync(new StoreTransaction().Create(Node("down", NodeState.Down)).Create(Node("up", NodeState.Ready)).Create(Node("gone", NodeState.Down)));
        var told = new ConcurrentQueue<string>();
        var lost = new LostNodes(managers.Store, node => node.Status.State == NodeState.Down, TellAsync, managers.Time, NullLogger<LostNodes>.Instance);
        managers.Start(lost.RunAsync);

        await managers.UntilAsync(() => told.Count(one => one == "down at down.example:2377") >= 2, "it was called again");
        Assert.Equal(["down at down.example:2377", "gone at gone.example:2377"], told.Distinct().Order());

        await managers.CommitAsync(new StoreTransaction().Update(managers.Node("down") with { Status = managers.Node("down").Status with { State = NodeState.Ready } }));
        var gone = told.Count(one => one.StartsWith("gone", StringComparison.Ordinal));
        await managers.UntilAsync(() => told.Count(one => one.StartsWith("gone", StringComparison.Ordinal)) > gone + 1, "the other one is called on");
        var before = told.Count(one => one.StartsWith("down", StringComparison.Ordinal));
        await managers.UntilAsync(() => told.Count(one => one.StartsWith("gone", StringComparison.Ordinal)) > gone + 3, "twice more");
        Assert.Equal(before, told.Count(one => one.StartsWith("down", StringComparison.Ordinal)));

        Task TellAsync(string address, string nodeId, CancellationToken cancellation)
        {
            told.Enqueue($"{nodeId} at {address}");
            return nodeId == "gone" ? throw new RpcFault(RpcStatus.Unavailable, "nobody there") : Task.CompletedTask;
        }
    }

    private static Node Node(string id, NodeState state) => ManagersFixture.Worker(id) with { Status = new NodeStatus { State = state, RpcAddress = id + ".example:2377" } };
}
