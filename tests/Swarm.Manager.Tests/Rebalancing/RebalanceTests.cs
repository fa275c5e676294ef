using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Swarm.Manager.Allocation;
using Swarm.Manager.Control;
using Swarm.Manager.Orchestration;
using Swarm.Manager.Reaping;
using Swarm.Manager.Rebalancing;
using Swarm.Manager.Scheduling;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Tests.Rebalancing;

public sealed class RebalanceTests
{
    private const int Replicas = 9;

    private readonly LoopDriver _cluster = new(
        new FakeTimeProvider(), new OrchestrationLoop(new Random(1)), new AllocationLoop(new Random(2)), new SchedulingLoop(), new ReapingLoop());

    private IEnumerable<SwarmTask> Running => _cluster.View.Tasks.Where(task => task.Status.State == TaskState.Running);

    private Service Service => _cluster.View.Services.Find("service")!;

    [Fact]
    public void A_node_that_returned_gets_its_share_and_no_replica_is_missed_meanwhile()
    {
        Lopsided();
        var moves = Rebalance(Replicas);
        Assert.Equal(3, moves.Count);
        Assert.All(moves, move => Assert.Equal("node2", move.ToNodeId));
        for (var i = 0; i < 12; i++)
        {
            Catch();
            Assert.InRange(Running.Count(task => task.DesiredState == TaskState.Running), Replicas, Replicas + 1);
        }

        Assert.Equal([3, 3, 3], Running.GroupBy(task => task.NodeId).Select(node => node.Count()));
        _cluster.Time.Advance(TimeSpan.FromSeconds(6));
        Catch();
        Assert.Equal((UpdateState.Completed, "rebalance completed"), (Service.UpdateStatus!.State, Service.UpdateStatus.Message));
        Assert.Empty(Rebalance(Replicas));
    }

    [Fact]
    public void The_budget_bounds_the_moves_and_a_dry_run_moves_nothing()
    {
        Lopsided();
        Assert.Single(RebalancePlan.Of(_cluster.View, Service, 1, _cluster.Time.GetUtcNow()));
        Catch();
        Assert.DoesNotContain(Running, task => task.NodeId == "node2");
        Rebalance(1);
        for (var i = 0; i < 4; i++)
        {
            Catch();
        }

        Assert.Single(Running, task => task.NodeId == "node2");
    }

    [Fact]
    public void A_task_that_fails_on_its_new_node_pauses_the_rebalance_and_the_rest_goes_on_where_it_is()
    {
        Lopsided(spec => spec with { Update = new UpdateConfig { Parallelism = 1, FailureAction = FailureAction.Rollback } });
        _cluster.Write(transaction => transaction.Update(Service with { PreviousSpec = new ServiceSpec { Replicas = 1 } }));
        Rebalance(Replicas);
        _cluster.Settle();
        _cluster.Report(_cluster.View.TasksOnNode("node2").Single(), TaskState.Failed);
        Catch();
        Assert.Equal(UpdateState.Paused, Service.UpdateStatus!.State);
        Assert.Equal(Replicas, (int)Service.Spec.Replicas);
        Assert.True(Running.Count() >= Replicas - 1);
    }

    [Fact]
    public void Constraints_bound_where_tasks_may_go()
    {
        Lopsided(spec => spec with { Task = spec.Task with { Placement = new Placement { Constraints = ["node.id!=node2"] } } });
        Assert.Empty(Rebalance(Replicas));
    }

    [Fact]
    public async Task What_is_being_updated_is_refused()
    {
        Lopsided();
        _cluster.Write(transaction => transaction.Update(Service with { UpdateStatus = new UpdateStatus { State = UpdateState.Updating } }));
        var control = new ServiceControl(_cluster.Store, new IdSource(new Random(1)), new ServiceValidation(_ => null), _cluster.Time);
        var refusal = await Assert.ThrowsAsync<ControlException>(() => control.RebalanceAsync("service", 1, dryRun: true, CancellationToken.None));
        Assert.Contains("is being updated", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void However_tasks_lie_a_plan_levels_them_with_the_fewest_moves() => Gen.Int[0, 12].Array[1, 7].Sample(counts =>
    {
        var store = new MemoryStore(new FakeTimeProvider());
        var transaction = new StoreTransaction().Create(new Service { Id = "service" });
        for (var node = 0; node < counts.Length; node++)
        {
            transaction.Create(new Node { Id = $"n{node}", Status = new NodeStatus { State = NodeState.Ready } });
            for (var i = 0; i < counts[node]; i++)
            {
                transaction.Create(new SwarmTask
                {
                    Id = $"{node}-{i}", ServiceId = "service", NodeId = $"n{node}", DesiredState = TaskState.Running, Status = new() { State = TaskState.Running },
                });
            }
        }

        Assert.True(store.CommitAsync(transaction, CancellationToken.None).Result.IsCommitted);
        var moves = RebalancePlan.Of(store.View, store.View.Services.Find("service")!, 512, DateTimeOffset.UnixEpoch);
        var after = counts.ToArray();
        foreach (var move in moves)
        {
            after[int.Parse(move.Task.NodeId[1..])]--;
            after[int.Parse(move.ToNodeId[1..])]++;
        }

        // The fullest nodes may keep one more than the others, as many of them as the rest of the division says.
        var (each, rest) = Math.DivRem(counts.Sum(), counts.Length);
        var fewest = counts.OrderDescending().Select((count, i) => Math.Max(0, count - each - (i < rest ? 1 : 0))).Sum();
        return after.Max() - after.Min() <= 1 && moves.Count == fewest;
    });

    /// <summary>Nine replicas on two nodes, and a third that has none.</summary>
    private void Lopsided(Func<ServiceSpec, ServiceSpec>? change = null)
    {
        _cluster.Node("node0");
        _cluster.Node("node1");
        var spec = new ServiceSpec { Replicas = Replicas, Annotations = new Annotations { Name = "service" } };
        _cluster.Write(transaction => transaction.Create(new Service { Id = "service", Spec = change?.Invoke(spec) ?? spec }));
        Catch();
        _cluster.Node("node2");
        Catch();
        Assert.Equal(Replicas, Running.Count());
    }

    private IReadOnlyList<TaskMove> Rebalance(int budget)
    {
        var moves = RebalancePlan.Of(_cluster.View, Service, budget, _cluster.Time.GetUtcNow());
        foreach (var move in moves)
        {
            _cluster.Write(transaction => transaction.Update(move.Task with { IsLeaving = true }));
        }

        return moves;
    }

    private void Catch()
    {
        _cluster.Settle();
        _cluster.AgentsCatchUp();
        _cluster.Settle();
    }
}
