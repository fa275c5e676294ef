using System.Collections.Immutable;
using Microsoft.Extensions.Time.Testing;
using Swarm.Manager.Allocation;
using Swarm.Manager.Orchestration;
using Swarm.Manager.Reaping;
using Swarm.Manager.Rebalancing;
using Swarm.Manager.Scheduling;
using Swarm.Model;

namespace Swarm.Manager.Tests.Rebalancing;

public sealed class RebalancingLoopTests
{
    private const int Replicas = 9;

    private readonly LoopDriver _cluster = new(
        new FakeTimeProvider(), new OrchestrationLoop(new Random(1)), new AllocationLoop(new Random(2)), new SchedulingLoop(), new ReapingLoop(), new RebalancingLoop());

    private IEnumerable<SwarmTask> Running => _cluster.View.Tasks.Where(task => task is { DesiredState: TaskState.Running, Status.State: TaskState.Running });

    private Service Service => _cluster.View.Services.Find("service")!;

    [Fact]
    public void A_service_that_asks_for_it_is_level_again_after_a_node_has_returned()
    {
        NodeReturns("auto");
        Pass(RebalancingLoop.Quiet - TimeSpan.FromSeconds(1));
        Assert.DoesNotContain(Running, task => task.NodeId == "node2");
        for (var i = 0; i < 30; i++)
        {
            Pass(TimeSpan.FromSeconds(2));
            Assert.InRange(Running.Count(), Replicas, Replicas + 1);
        }

        Assert.Equal([3, 3, 3], PerNode());
    }

    [Fact]
    public void Without_the_label_nothing_moves()
    {
        NodeReturns(null);
        Pass(TimeSpan.FromHours(1));
        Assert.Equal([5, 4], PerNode());
    }

    [Fact]
    public void A_budget_bounds_what_moves_at_a_time_and_the_rest_follows()
    {
        NodeReturns("1");
        Pass(RebalancingLoop.Quiet);
        Assert.Equal(1, _cluster.View.Tasks.Count(task => task.IsLeaving));
        Pass(TimeSpan.FromSeconds(6));
        Assert.Single(Running, task => task.NodeId == "node2");
        for (var i = 0; i < 10; i++)
        {
            Pass(RebalancingLoop.Quiet / 2);
        }

        Assert.Equal([3, 3, 3], PerNode());
    }

    [Fact]
    public void Nodes_that_come_and_go_are_waited_for_also_by_another_leader()
    {
        NodeReturns("auto");
        Pass(TimeSpan.FromSeconds(20));
        _cluster.Node("node2", node => node with { Spec = node.Spec with { Availability = NodeAvailability.Pause } });
        _cluster.Node("node2", node => node with { Spec = node.Spec with { Availability = NodeAvailability.Active } });
        Pass(TimeSpan.FromSeconds(20));
        Assert.DoesNotContain(_cluster.View.Tasks, task => task.IsLeaving);
        _cluster.ChangeLeader();
        for (var i = 0; i < 30; i++)
        {
            Pass(TimeSpan.FromSeconds(2));
        }

        Assert.Equal([3, 3, 3], PerNode());
    }

    [Fact]
    public void A_task_that_fails_on_its_new_node_ends_it_until_the_user_has_looked()
    {
        NodeReturns("auto");
        Pass(RebalancingLoop.Quiet);
        _cluster.Report(_cluster.View.TasksOnNode("node2").First(), TaskState.Failed);
        Pass(TimeSpan.FromSeconds(1));
        Assert.Equal(UpdateState.Paused, Service.UpdateStatus!.State);
        var leaving = _cluster.View.Tasks.Count(task => task.IsLeaving);
        Pass(TimeSpan.FromHours(1));
        Assert.Equal(leaving, _cluster.View.Tasks.Count(task => task.IsLeaving));
    }

    private void NodeReturns(string? label)
    {
        _cluster.Node("node0");
        _cluster.Node("node1");
        var labels = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);
        var spec = new ServiceSpec { Replicas = Replicas, Annotations = new Annotations { Name = "service", Labels = label is null ? labels : labels.Add(RebalanceLabel.Name, label) } };
        _cluster.Write(transaction => transaction.Create(new Service { Id = "service", Spec = spec }));
        Pass(TimeSpan.Zero);
        _cluster.Time.Advance(TimeSpan.FromHours(1));
        _cluster.Node("node2");
        Pass(TimeSpan.Zero);
    }

    private IEnumerable<int> PerNode() => Running.GroupBy(task => task.NodeId).Select(node => node.Count()).OrderDescending();

    private void Pass(TimeSpan time)
    {
        _cluster.Time.Advance(time);
        for (var i = 0; i < 2; i++)
        {
            _cluster.Settle();
            _cluster.AgentsCatchUp();
            _cluster.Settle();
        }
    }
}
