using Microsoft.Extensions.Time.Testing;
using Swarm.Manager.Allocation;
using Swarm.Manager.Orchestration;
using Swarm.Manager.Reaping;
using Swarm.Manager.Scheduling;
using Swarm.Model;

namespace Swarm.Manager.Tests.Orchestration;

public sealed class ReplicatedServiceTests
{
    private readonly LoopDriver _cluster = new(
        new FakeTimeProvider(), new OrchestrationLoop(new Random(1)), new AllocationLoop(new Random(2)), new SchedulingLoop(), new ReapingLoop());

    private IEnumerable<SwarmTask> Live => _cluster.View.Tasks.Where(task => task.DesiredState <= TaskState.Running);

    private IEnumerable<SwarmTask> Running => _cluster.View.Tasks.Where(task => task.Status.State == TaskState.Running);

    [Fact]
    public void Replicas_spread_evenly()
    {
        Nodes(3);
        Create(new ServiceSpec { Replicas = 9 });
        Assert.Equal([3, 3, 3], Running.GroupBy(task => task.NodeId).Select(node => node.Count()));
    }

    [Fact]
    public void Drained_node_gets_no_new_tasks_and_loses_its_own_one_at_a_slot()
    {
        Nodes(2);
        Create(new ServiceSpec { Replicas = 4 });
        _cluster.Node("node0", node => node with { Spec = node.Spec with { Availability = NodeAvailability.Drain } });
        _cluster.Settle();
        Assert.Equal(2, Live.Count(task => task.DesiredState == TaskState.Ready));
        Catch();
        Catch();
        Assert.All(Running, task => Assert.Equal("node1", task.NodeId));
        Assert.Equal(4, Running.Count());
    }

    [Fact]
    public void A_lost_nodes_tasks_are_replaced_at_once_and_shut_down_when_it_returns()
    {
        Nodes(2);
        Create(new ServiceSpec { Replicas = 4 });
        _cluster.Node("node0", node => node with { Status = node.Status with { State = NodeState.Down } });
        Catch();
        Assert.Equal(4, Running.Count(task => task.NodeId == "node1"));
        Assert.All(_cluster.View.TasksOnNode("node0"), task => Assert.Equal(TaskState.Shutdown, task.DesiredState));
    }

    [Fact]
    public void A_failed_task_is_replaced_after_the_delay()
    {
        Nodes(1);
        Create(new ServiceSpec { Replicas = 1 });
        _cluster.Report(Running.Single(), TaskState.Failed);
        Catch();
        Assert.Equal(TaskState.Ready, Live.Single().DesiredState);
        _cluster.Time.Advance(TimeSpan.FromSeconds(5));
        Catch();
        Assert.Equal(TaskState.Running, Live.Single().Status.State);
    }

    [Fact]
    public void Rejections_in_a_row_wait_longer_each_time()
    {
        Nodes(1);
        Create(new ServiceSpec { Replicas = 1 });
        _cluster.Report(Running.Single(), TaskState.Rejected);
        _cluster.Settle();
        foreach (var seconds in new[] { 5, 10, 20 })
        {
            var waiting = Live.Single();
            _cluster.Report(waiting, TaskState.Rejected);
            _cluster.Time.Advance(TimeSpan.FromSeconds(seconds - 1));
            _cluster.Settle();
            Assert.Equal(waiting.Id, Live.Single().Id);
            _cluster.Time.Advance(TimeSpan.FromSeconds(1));
            _cluster.Settle();
            Assert.NotEqual(waiting.Id, Live.Single().Id);
        }
    }

    [Fact]
    public void Attempts_are_counted_and_an_exhausted_slot_stays_empty()
    {
        Nodes(1);
        Create(new ServiceSpec { Replicas = 1, Task = new TaskSpec { Restart = new RestartPolicy { Delay = TimeSpan.Zero, MaxAttempts = 2 } } });
        for (var i = 0; i < 3; i++)
        {
            _cluster.Report(Running.Single(), TaskState.Failed);
            Catch();
        }

        Assert.Empty(Live);
        Assert.Equal(3, _cluster.View.Tasks.Count);
    }

    [Fact]
    public void Scaling_down_removes_what_does_not_run_first()
    {
        Nodes(1);
        var id = Create(new ServiceSpec { Replicas = 3, Task = new TaskSpec { Restart = new RestartPolicy { Delay = TimeSpan.FromHours(1) } } });
        var failed = Running.Last();
        _cluster.Report(failed, TaskState.Failed);
        Catch();
        Update(id, spec => spec with { Replicas = 2 });
        Catch();
        Assert.Equal(2, Running.Count());
        Assert.DoesNotContain(_cluster.View.Tasks, task => task.Slot == failed.Slot);
    }

    [Fact]
    public void A_removed_service_frees_its_name_and_leaves_nothing()
    {
        Nodes(1);
        var id = Create(new ServiceSpec { Replicas = 2, Annotations = new Annotations { Name = "web" } });
        _cluster.Write(transaction => transaction.Update(_cluster.View.Services.Find(id)! with { PendingDelete = true }));
        _cluster.Settle();
        Assert.Null(_cluster.View.Services.FindByName("web"));
        Assert.Equal(2, _cluster.View.Tasks.Count);
        Catch();
        Assert.Empty(_cluster.View.Tasks);
    }

    [Fact]
    public void An_update_replaces_one_slot_after_the_other_and_completes()
    {
        Nodes(2);
        var id = Create(new ServiceSpec { Replicas = 4 });
        Update(id, spec => spec with { Task = spec.Task with { ForceUpdate = 1 } });
        _cluster.Settle();
        Assert.Equal(UpdateState.Updating, Service(id).UpdateStatus!.State);
        Assert.Equal(1, _cluster.View.Tasks.Count(task => task.Spec.ForceUpdate == 1));
        for (var i = 0; i < 12; i++)
        {
            Catch();
            Assert.True(Running.Count() >= 3);
        }

        Assert.All(Live, task => Assert.Equal(1UL, task.Spec.ForceUpdate));
        _cluster.Time.Advance(TimeSpan.FromSeconds(6));
        Catch();
        Assert.Equal(UpdateState.Completed, Service(id).UpdateStatus!.State);
    }

    [Fact]
    public void A_failing_update_pauses()
    {
        Nodes(1);
        var id = Create(new ServiceSpec { Replicas = 3 });
        Update(id, spec => spec with { Task = spec.Task with { ForceUpdate = 1 } });
        Catch();
        _cluster.Report(Live.Single(task => task.Spec.ForceUpdate == 1), TaskState.Failed);
        Catch();
        Assert.Equal(UpdateState.Paused, Service(id).UpdateStatus!.State);
        Assert.Equal(2, Running.Count(task => task.Spec.ForceUpdate == 0));
    }

    [Fact]
    public void What_finds_no_node_waits_and_says_why_and_is_placed_when_it_can_be()
    {
        Nodes(2);
        _cluster.Node("node2", node => node with { Spec = node.Spec with { Availability = NodeAvailability.Pause } });
        Create(new ServiceSpec { Replicas = 1, Task = new TaskSpec { Reservations = new Resources { NanoCpus = 5_000_000_000 } } });
        var waiting = Live.Single();
        Assert.Equal(TaskState.Pending, waiting.Status.State);
        Assert.Equal("no suitable node (insufficient resources on 2 nodes; 1 node not available for new tasks)", waiting.Status.Error);
        _cluster.Node("node3", node => node with { Description = node.Description with { Resources = new Resources { NanoCpus = 8_000_000_000 } } });
        Catch();
        Assert.Equal("node3", Running.Single().NodeId);
    }

    private void Catch()
    {
        _cluster.Settle();
        _cluster.AgentsCatchUp();
        _cluster.Settle();
    }

    private void Nodes(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _cluster.Node($"node{i}");
        }
    }

    private Service Service(string id) => _cluster.View.Services.Find(id)!;

    private string Create(ServiceSpec spec)
    {
        _cluster.Write(transaction => transaction.Create(new Service { Id = "service", Spec = spec }));
        Catch();
        return "service";
    }

    private void Update(string id, Func<ServiceSpec, ServiceSpec> change)
    {
        var service = Service(id);
        _cluster.Write(transaction => transaction.Update(service with
        {
            Spec = change(service.Spec), PreviousSpec = service.Spec, SpecVersion = service.Meta.Version, UpdateStatus = null,
        }));
    }
}
