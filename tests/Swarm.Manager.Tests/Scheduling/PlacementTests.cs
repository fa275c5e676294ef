using System.Collections.Immutable;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Swarm.Manager.Allocation;
using Swarm.Manager.Orchestration;
using Swarm.Manager.Reaping;
using Swarm.Manager.Scheduling;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Tests.Scheduling;

/// <summary>Where tasks go, and why others wait.</summary>
public sealed class PlacementTests
{
    private readonly LoopDriver _cluster = Cluster();

    private IEnumerable<SwarmTask> Running => _cluster.View.Tasks.Where(task => task.Status.State == TaskState.Running);

    private IEnumerable<SwarmTask> Waiting => _cluster.View.Tasks.Where(task => task.Status.State == TaskState.Pending);

    [Fact]
    public void Tasks_spread_over_zones_then_racks_then_nodes()
    {
        Labelled("a1", ("zone", "a"), ("rack", "1"));
        Labelled("a2", ("zone", "a"), ("rack", "2"));
        Labelled("a3", ("zone", "a"), ("rack", "2"));
        Labelled("b1", ("zone", "b"), ("rack", "1"));
        Create(new ServiceSpec { Replicas = 8, Task = new TaskSpec { Placement = new Placement { SpreadOver = ["node.labels.zone", "node.labels.rack"] } } });
        Assert.Equal([("a1", 2), ("a2", 1), ("a3", 1), ("b1", 4)], PerNode());
    }

    [Fact]
    public void Nodes_without_the_label_are_a_branch_of_their_own()
    {
        Labelled("a", ("zone", "a"));
        Labelled("x");
        Labelled("y");
        Create(new ServiceSpec { Replicas = 4, Task = new TaskSpec { Placement = new Placement { SpreadOver = ["node.labels.zone"] } } });
        Assert.Equal([("a", 2), ("x", 1), ("y", 1)], PerNode());
    }

    [Fact]
    public void A_branch_that_takes_no_more_is_left_out_but_counts_what_it_has()
    {
        Labelled("a", ("zone", "a"));
        Labelled("b", ("zone", "b"));
        Create(new ServiceSpec
        {
            Replicas = 5,
            Task = new TaskSpec { Placement = new Placement { SpreadOver = ["node.labels.zone"] }, Reservations = new Resources { MemoryBytes = 400 << 20 } },
        });
        _cluster.Node("b", node => node with { Description = node.Description with { Resources = new Resources { NanoCpus = 1, MemoryBytes = 4L << 30 } } });
        Catch();
        Assert.Equal([("a", 2), ("b", 3)], PerNode().Order());
    }

    [Fact]
    public void What_reserves_goes_where_most_is_left()
    {
        Machine("small", memoryMiB: 1024);
        Machine("large", memoryMiB: 4096);
        Create(new ServiceSpec { Replicas = 2, Task = Reserving(256) }, "first");
        Create(new ServiceSpec { Replicas = 1, Task = Reserving(256) }, "second");
        Assert.Equal("large", Running.Single(task => task.ServiceId == "second").NodeId);
    }

    [Fact]
    public void A_node_on_which_the_service_keeps_failing_comes_last()
    {
        _cluster.Node("bad");
        _cluster.Node("good");
        var paused = (Node node) => node with { Spec = node.Spec with { Availability = NodeAvailability.Pause } };
        _cluster.Node("good", paused);
        Create(new ServiceSpec { Replicas = 1, Task = new TaskSpec { Restart = new RestartPolicy { Delay = TimeSpan.Zero } } });
        for (var i = 0; i < FailureMemory.FaultyAfter; i++)
        {
            Assert.Equal("bad", Running.Single().NodeId);
            _cluster.Report(Running.Single(), TaskState.Failed);
            Catch();
        }

        _cluster.Node("good", node => node with { Spec = node.Spec with { Availability = NodeAvailability.Active } });
        Update(spec => spec with { Replicas = 6 });
        Catch();
        Assert.Equal([("bad", 1), ("good", 5)], PerNode());

        // Another service knows nothing of it, and the failures are forgotten in time.
        Create(new ServiceSpec { Replicas = 2 }, "other");
        Assert.Equal([("bad", 1), ("good", 1)], PerNode("other"));
        _cluster.Time.Advance(FailureMemory.Window);
        Update(spec => spec with { Replicas = 8 });
        Catch();
        Assert.Equal([("bad", 3), ("good", 5)], PerNode());
    }

    [Fact]
    public void A_node_that_lost_its_power_is_as_good_as_before()
    {
        _cluster.Node("n1");
        Create(new ServiceSpec { Replicas = FailureMemory.FaultyAfter, Task = new TaskSpec { Restart = new RestartPolicy { Delay = TimeSpan.Zero } } });
        _cluster.Node("n2");
        foreach (var task in Running)
        {
            _cluster.Report(task with { Status = task.Status with { EndUnseen = true } }, TaskState.Failed);
        }

        Catch();
        _cluster.ChangeLeader();
        Update(spec => spec with { Replicas = 2 * FailureMemory.FaultyAfter });
        Catch();
        Assert.Equal([("n1", FailureMemory.FaultyAfter), ("n2", FailureMemory.FaultyAfter)], PerNode());
    }

    [Fact]
    public void Named_resources_are_given_out_one_by_one_and_come_back()
    {
        _cluster.Node("n", node => node with { Description = node.Description with { Resources = Gpus("A", "B", "C") } });
        Create(new ServiceSpec { Replicas = 4, Task = new TaskSpec { Reservations = new Resources { Generic = [new GenericResource { Kind = "gpu", Value = 1 }] } } });
        Assert.Equal(["A", "B", "C"], Running.Select(task => Assert.Single(task.AssignedGeneric).NamedValue!).Order());
        Assert.Equal("no suitable node (insufficient resources on 1 node)", Waiting.Single().Status.Error);
        var holder = Running.Single(task => task.AssignedGeneric[0].NamedValue == "B");
        _cluster.Report(holder, TaskState.Failed);
        Catch();
        var onNode = _cluster.View.TasksOnNode("n").Where(task => !task.Status.State.IsTerminal()).ToList();
        Assert.DoesNotContain(holder.Id, onNode.Select(task => task.Id));
        Assert.Equal(["A", "B", "C"], onNode.Select(task => Assert.Single(task.AssignedGeneric).NamedValue!).Order());
    }

    [Fact]
    public void Counted_resources_are_counted()
    {
        _cluster.Node("n", node => node with { Description = node.Description with { Resources = new Resources { Generic = [new GenericResource { Kind = "ssd", Value = 5 }] } } });
        Create(new ServiceSpec { Replicas = 3, Task = new TaskSpec { Reservations = new Resources { Generic = [new GenericResource { Kind = "ssd", Value = 2 }] } } });
        Assert.Equal(2, Running.Count());
        Assert.All(Running, task => Assert.Equal(2, Assert.Single(task.AssignedGeneric).Value));
    }

    [Fact]
    public void A_driver_that_a_node_lacks_keeps_tasks_away()
    {
        _cluster.Node("plain", node => node with { Description = node.Description with { Plugins = [new EnginePlugin { Type = "Volume", Name = "local" }] } });
        var mount = new Mount { Type = MountType.Volume, Source = "v", Target = "/v", VolumeDriver = new DriverConfig { Name = "nfs" } };
        Create(new ServiceSpec { Replicas = 1, Task = new TaskSpec { Container = new ContainerSpec { Mounts = [mount] } } });
        Assert.Equal("no suitable node (missing plugin on 1 node)", Waiting.Single().Status.Error);
        _cluster.Node("fitted", node => node with { Description = node.Description with { Plugins = [new EnginePlugin { Type = "Volume", Name = "nfs:latest" }] } });
        Catch();
        Assert.Equal("fitted", Running.Single().NodeId);
    }

    [Fact]
    public void More_tasks_than_one_transaction_holds_are_all_placed_and_level()
    {
        for (var i = 0; i < 7; i++)
        {
            _cluster.Node($"n{i}");
        }

        Create(new ServiceSpec { Replicas = 1500 });
        Catch();
        Catch();
        Assert.Equal(1500, Running.Count());
        Assert.All(PerNode(), node => Assert.InRange(node.Tasks, 214, 215));
    }

    // Guard: WaitingGroup.Plan's NodesVersion; without it a batch goes where the one before it would have gone.
    [Fact]
    public void What_a_transaction_leaves_over_is_placed_by_the_nodes_as_they_are_then()
    {
        var cluster = new LoopDriver(new FakeTimeProvider(), new SchedulingLoop());
        Label(cluster, "a", ("zone", "a"));
        Label(cluster, "b", ("zone", "b"));
        foreach (var slots in Enumerable.Range(1, 700).Chunk(StoreTransaction.MaxChanges))
        {
            cluster.Write(transaction => slots.Aggregate(transaction, (all, slot) => all.Create(new SwarmTask
            {
                Id = $"t{slot:000}",
                ServiceId = "service",
                Slot = (ulong)slot,
                DesiredState = TaskState.Running,
                Spec = new TaskSpec { Placement = new Placement { SpreadOver = ["node.labels.zone"] } },
                Status = new Model.TaskStatus { State = TaskState.Pending },
            })));
        }

        cluster.Step();
        Assert.Equal(StoreTransaction.MaxChanges, cluster.View.Tasks.Count(task => task.NodeId.Length > 0));
        cluster.Node("b", node => node with { Spec = node.Spec with { Availability = NodeAvailability.Drain } });
        cluster.Settle();
        Assert.Equal((StoreTransaction.MaxChanges / 2, 700 - (StoreTransaction.MaxChanges / 2)), (cluster.View.TasksOnNode("b").Count(), cluster.View.TasksOnNode("a").Count()));
    }

    [Fact]
    public void However_nodes_are_labelled_no_branch_gets_two_more_than_its_sibling() =>
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2]).Array[1, 8].Select(Gen.Int[1, 40]).Sample((labels, replicas) =>
        {
            var cluster = Cluster();
            for (var i = 0; i < labels.Length; i++)
            {
                Label(cluster, $"n{i}", ("zone", $"{labels[i].Item1}"), ("rack", $"{labels[i].Item2}"));
            }

            Create(cluster, new ServiceSpec { Replicas = (ulong)replicas, Task = new TaskSpec { Placement = new Placement { SpreadOver = ["node.labels.zone", "node.labels.rack"] } } }, "service");
            var counts = labels.Select((label, i) => (Zone: label.Item1, Rack: label.Item2, Tasks: cluster.View.TasksOnNode($"n{i}").Count())).ToList();
            var zones = counts.GroupBy(one => one.Zone).ToList();
            return IsLevel(zones.Select(zone => zone.Sum(one => one.Tasks)))
                && zones.All(zone => IsLevel(zone.GroupBy(one => one.Rack).Select(rack => rack.Sum(one => one.Tasks))))
                && zones.All(zone => zone.GroupBy(one => one.Rack).All(rack => IsLevel(rack.Select(one => one.Tasks))));
        }, iter: 200);

    private static bool IsLevel(IEnumerable<int> counts) => counts.Max() - counts.Min() <= 1;

    private static LoopDriver Cluster() =>
        new(new FakeTimeProvider(), new OrchestrationLoop(new Random(1)), new AllocationLoop(new Random(2)), new SchedulingLoop(), new ReapingLoop());

    private static Resources Gpus(params string[] names) => new() { Generic = [.. names.Select(name => new GenericResource { Kind = "gpu", NamedValue = name })] };

    private static TaskSpec Reserving(int mebibytes) => new() { Reservations = new Resources { MemoryBytes = (long)mebibytes << 20 } };

    private static void Label(LoopDriver cluster, string id, params (string Key, string Value)[] labels) => cluster.Node(id, node => node with
    {
        Spec = node.Spec with { Annotations = new Annotations { Labels = labels.ToImmutableSortedDictionary(one => one.Key, one => one.Value, StringComparer.Ordinal) } },
    });

    private static void Create(LoopDriver cluster, ServiceSpec spec, string id)
    {
        cluster.Write(transaction => transaction.Create(new Service { Id = id, Spec = spec with { Annotations = new Annotations { Name = id } } }));
        Catch(cluster);
    }

    private static void Catch(LoopDriver cluster)
    {
        cluster.Settle();
        cluster.AgentsCatchUp();
        cluster.Settle();
    }

    private void Labelled(string id, params (string, string)[] labels) => Label(_cluster, id, labels);

    private void Machine(string id, int memoryMiB) =>
        _cluster.Node(id, node => node with { Description = node.Description with { Resources = new Resources { NanoCpus = 4_000_000_000, MemoryBytes = (long)memoryMiB << 20 } } });

    private void Create(ServiceSpec spec, string id = "service") => Create(_cluster, spec, id);

    private void Update(Func<ServiceSpec, ServiceSpec> change)
    {
        var service = _cluster.View.Services.Find("service")!;
        _cluster.Write(transaction => transaction.Update(service with { Spec = change(service.Spec) }));
    }

    private void Catch() => Catch(_cluster);

    private IEnumerable<(string Node, int Tasks)> PerNode(string service = "service") =>
        Running.Where(task => task.ServiceId == service).GroupBy(task => task.NodeId).Select(node => (node.Key, node.Count())).Order();
}
