using System.Collections.Immutable;
using Microsoft.Extensions.Time.Testing;
using Swarm.Manager.Allocation;
using Swarm.Manager.Orchestration;
using Swarm.Manager.Reaping;
using Swarm.Manager.Scheduling;
using Swarm.Model;

namespace Swarm.Manager.Tests.Dependencies;

public sealed class DependencyTests
{
    private readonly LoopDriver _cluster = new(
        new FakeTimeProvider(), new OrchestrationLoop(new Random(1)), new AllocationLoop(new Random(2)), new SchedulingLoop(), new ReapingLoop());

    public DependencyTests() => _cluster.Node("node");

    [Fact]
    public void Tasks_wait_until_what_they_depend_on_is_healthy_and_say_so()
    {
        Create("web", "db:service_healthy", replicas: 2);
        Assert.All(Tasks("web"), task => Assert.Equal((TaskState.Pending, "waiting for service db, which is not there"), (task.Status.State, task.Status.Error)));
        Create("db");
        Assert.All(Tasks("web"), task => Assert.Equal("waiting for service db to be healthy", task.Status.Error));
        _cluster.ChangeLeader();
        _cluster.Report(Tasks("db").Single(), TaskState.Starting);
        _cluster.Settle();
        Assert.All(Tasks("web"), task => Assert.Equal(TaskState.Pending, task.Status.State));
        _cluster.Report(Tasks("db").Single(), TaskState.Running);
        _cluster.Settle();
        Assert.All(Tasks("web"), task => Assert.Equal((TaskState.Assigned, ""), (task.Status.State, task.Status.Error)));
    }

    [Fact]
    public void A_container_that_was_started_is_enough_for_who_asks_no_more()
    {
        Create("db");
        Create("web", "db:service_started");
        Assert.Equal("waiting for service db to start", Tasks("web").Single().Status.Error);
        _cluster.Report(Tasks("db").Single(), TaskState.Starting);
        _cluster.Settle();
        Assert.Equal(TaskState.Assigned, Tasks("web").Single().Status.State);
    }

    [Fact]
    public void A_job_has_completed_when_all_that_it_was_asked_for_has()
    {
        Create("migrate", change: spec => spec with { Mode = ServiceMode.ReplicatedJob, Replicas = 1, TotalCompletions = 2 });
        Create("web", "migrate:service_completed_successfully", change: spec => spec with { Mode = ServiceMode.Global });
        for (var completions = 0; completions < 2; completions++)
        {
            Assert.Equal("waiting for service migrate to complete", Tasks("web").Single().Status.Error);
            _cluster.Report(Tasks("migrate").Single(task => !task.Status.State.IsTerminal()), TaskState.Complete);
            _cluster.Settle();
        }

        Assert.Equal(TaskState.Assigned, Tasks("web").Single().Status.State);
    }

    [Fact]
    public void What_breaks_later_is_replaced_without_waiting()
    {
        Create("db");
        Create("web", "db:service_healthy");
        Catch();
        Catch();
        _cluster.Report(Tasks("db").Single(), TaskState.Failed);
        _cluster.Report(Tasks("web").Single(), TaskState.Failed);
        _cluster.Settle();
        Assert.All(Tasks("db"), task => Assert.NotEqual(TaskState.Running, task.Status.State));
        Assert.Single(Tasks("web"), task => task.Status.State == TaskState.Assigned);
    }

    [Fact]
    public void An_update_lets_the_old_tasks_run_until_what_they_depend_on_is_updated_too()
    {
        Create("db");
        Create("web", "db:service_healthy", replicas: 2);
        Catch();
        Catch();
        Update("db");
        Update("web");
        _cluster.Settle();
        Assert.Equal((UpdateState.Updating, "update is waiting for service db to be healthy"), (Status("web").State, Status("web").Message));
        Assert.Equal(2, Tasks("web").Count(task => task is { DesiredState: TaskState.Running, Status.State: TaskState.Running }));
        _cluster.ChangeLeader();
        for (var i = 0; i < 4; i++)
        {
            Catch();
        }

        Assert.Equal("update in progress", Status("web").Message);
        for (var i = 0; i < 8; i++)
        {
            _cluster.Time.Advance(TimeSpan.FromSeconds(6));
            Catch();
        }

        Assert.Equal(UpdateState.Completed, Status("web").State);
        Assert.All(Tasks("web").Where(task => task.DesiredState == TaskState.Running), task => Assert.Equal(1UL, task.Spec.ForceUpdate));
    }

    [Fact]
    public void Services_that_wait_for_one_another_do_not_wait()
    {
        Create("a", "b:service_healthy");
        Create("b", "c:service_started");
        Create("c", "a:service_healthy");
        foreach (var name in new[] { "a", "b", "c" })
        {
            Assert.Equal(TaskState.Assigned, Tasks(name).Single().Status.State);
        }
    }

    [Fact]
    public void What_is_optional_is_waited_for_only_while_it_is_there()
    {
        Create("web", "cache:service_healthy:optional");
        Assert.Equal(TaskState.Assigned, Tasks("web").Single().Status.State);
        Create("cache");
        Create("other", "cache:service_healthy:optional");
        Assert.Equal("waiting for service cache to be healthy", Tasks("other").Single().Status.Error);
        _cluster.Write(transaction => transaction.Update(Service("cache") with { PendingDelete = true }));
        _cluster.Settle();
        Assert.Equal(TaskState.Assigned, Tasks("other").Single().Status.State);
    }

    private void Create(string name, string? dependsOn = null, ulong replicas = 1, Func<ServiceSpec, ServiceSpec>? change = null)
    {
        var labels = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);
        var spec = new ServiceSpec
        {
            Annotations = new Annotations { Name = name, Labels = dependsOn is null ? labels : labels.Add(DependencyLabel.Name, dependsOn) },
            Replicas = replicas,
            Task = new TaskSpec { Restart = new RestartPolicy { Delay = TimeSpan.Zero } },
        };
        spec = change?.Invoke(spec) ?? spec;
        _cluster.Write(transaction => transaction.Create(new Service { Id = "id-" + name, Spec = spec, Job = spec.Mode.IsJob() ? new JobStatus() : null }));
        _cluster.Settle();
    }

    private void Update(string name)
    {
        var service = Service(name);
        _cluster.Write(transaction => transaction.Update(service with
        {
            Spec = service.Spec with { Task = service.Spec.Task with { ForceUpdate = 1 } },
            PreviousSpec = service.Spec,
            SpecVersion = service.Meta.Version,
        }));
    }

    private Service Service(string name) => _cluster.View.Services.FindByName(name)!;

    private UpdateStatus Status(string name) => Service(name).UpdateStatus!;

    private IReadOnlyList<SwarmTask> Tasks(string name) => [.. _cluster.View.TasksOfService("id-" + name).OrderBy(task => task.Meta.CreatedAt).ThenBy(task => task.Meta.Version)];

    private void Catch()
    {
        _cluster.Settle();
        _cluster.AgentsCatchUp();
        _cluster.Settle();
    }
}
