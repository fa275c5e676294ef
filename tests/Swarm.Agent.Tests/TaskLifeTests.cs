using Swarm.Model;

namespace Swarm.Agent.Tests;

/// <summary>What the agent makes of a task, from its assignment to its end.</summary>
public sealed class TaskLifeTests : IAsyncLifetime
{
    private readonly AgentNode _node = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _node.DisposeAsync();

    [Fact]
    public async Task A_task_runs_and_its_end_is_told()
    {
        _node.Manager.Want(AgentNode.Assigned("good"), AgentNode.Assigned("bad"));
        _node.Start();
        await _node.ReachesAsync("good", TaskState.Running);
        await _node.ReachesAsync("bad", TaskState.Running);
        Assert.Equal("c-good", _node.Manager.LastOf("good")!.Container!.ContainerId);
        _node.Containers.End("good", 0);
        _node.Containers.End("bad", 3);
        await _node.ReachesAsync("good", TaskState.Complete);
        await _node.ReachesAsync("bad", TaskState.Failed);
        Assert.Equal("task: non-zero exit (3)", _node.Manager.LastOf("bad")!.Error);
        Assert.Equal(3, _node.Manager.LastOf("bad")!.Container!.ExitCode);

        // What the managers hear only rises, and what ended stays until they forget it.
        Assert.Equal(_node.Manager.StatesOf("good").Order(), _node.Manager.StatesOf("good"));
        Assert.Equal(["bad", "good"], _node.Containers.All);
    }

    [Fact]
    public async Task A_task_that_waits_for_its_turn_is_prepared_and_starts_when_it_is_told()
    {
        _node.Manager.Want(AgentNode.Assigned("t", TaskState.Ready));
        _node.Start();
        await _node.ReachesAsync("t", TaskState.Ready);
        Assert.DoesNotContain("start t", _node.Containers.Calls);
        _node.Manager.Want(AgentNode.Assigned("t"));
        await _node.ReachesAsync("t", TaskState.Running);
    }

    [Fact]
    public async Task What_is_waited_for_is_said_and_what_can_not_be_had_is_rejected()
    {
        _node.Containers.Missing.Add("nowhere");
        _node.Containers.Pulls = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _node.Manager.Want(AgentNode.Assigned("t", container: new ContainerSpec { Image = "nowhere" }));
        _node.Start();
        await _node.UntilAsync("it pulls", () => _node.Manager.LastOf("t") is { State: TaskState.Preparing, Message: "pulling" });
        _node.Containers.Pulls.SetResult();
        await _node.ReachesAsync("t", TaskState.Rejected);
        Assert.Equal("No such image: nowhere", _node.Manager.LastOf("t")!.Error);
    }

    [Fact]
    public async Task A_health_check_stands_between_the_start_and_running()
    {
        _node.Containers.Health = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _node.Manager.Want(AgentNode.Assigned("sick", container: new ContainerSpec { Image = "busybox", Healthcheck = new Healthcheck() }));
        _node.Start();
        await _node.ReachesAsync("sick", TaskState.Starting);
        Assert.Equal(["sick"], _node.Containers.Running);
        _node.Containers.Health.SetException(new TaskFailedException("task: unhealthy container"));
        await _node.ReachesAsync("sick", TaskState.Failed);
        Assert.Equal("task: unhealthy container", _node.Manager.LastOf("sick")!.Error);
        Assert.DoesNotContain(TaskState.Running, _node.Manager.StatesOf("sick"));
        Assert.Empty(_node.Containers.Running);
    }

    [Fact]
    public async Task A_stop_is_insisted_on_and_what_is_forgotten_leaves_nothing()
    {
        _node.Manager.Want(AgentNode.Assigned("t"));
        _node.Start();
        await _node.ReachesAsync("t", TaskState.Running);
        _node.Containers.FailingStops = 3;
        _node.Manager.Want(AgentNode.Assigned("t", TaskState.Shutdown));
        await _node.ReachesAsync("t", TaskState.Shutdown);
        Assert.Equal(4, _node.Containers.Calls.Count(call => call == "stop t"));
        Assert.Equal(143, _node.Manager.LastOf("t")!.Container!.ExitCode);
        _node.Manager.Drop("t");
        await _node.UntilAsync("its container is gone", () => _node.Containers.All.Count == 0);
        await _node.StopDaemonAsync();
        Assert.Empty(_node.Journalled());
    }

    [Fact]
    public async Task A_task_that_is_stopped_before_it_runs_never_starts()
    {
        _node.Containers.Pulls = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _node.Manager.Want(AgentNode.Assigned("t"));
        _node.Start();
        await _node.ReachesAsync("t", TaskState.Preparing);
        _node.Manager.Want(AgentNode.Assigned("t", TaskState.Shutdown));
        await _node.ReachesAsync("t", TaskState.Shutdown);
        Assert.DoesNotContain("start t", _node.Containers.Calls);
    }

    [Fact]
    public async Task A_node_prepares_some_at_a_time_and_all_in_the_end()
    {
        const int Many = 40;
        _node.Containers.Pulls = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _node.Manager.Want([.. Enumerable.Range(0, Many).Select(i => AgentNode.Assigned($"t{i:00}"))]);
        _node.Start();
        await _node.UntilAsync("as many prepare as may", () => _node.Containers.MostPreparing == TaskWorkerContext.Width);
        _node.Containers.Pulls.SetResult();
        await _node.UntilAsync("all run", () => _node.Containers.Running.Count == Many);
        Assert.Equal(TaskWorkerContext.Width, _node.Containers.MostPreparing);
    }

    [Fact]
    public async Task Secrets_and_credentials_reach_the_container_and_never_the_journal()
    {
        var secret = new FileReference { Id = "s1", Name = "password", TargetPath = "password" };
        _node.Manager.Want(new Secret { Id = "s1", Data = [1, 2, 3] });
        _node.Manager.Want(AgentNode.Assigned("t", container: new ContainerSpec { Image = "busybox", RegistryAuth = "token", Secrets = [secret] }));
        _node.Start();
        await _node.ReachesAsync("t", TaskState.Running);
        var (given, secrets) = _node.Containers.GivenTo("t");
        Assert.Equal("token", given.Spec.Container.RegistryAuth);
        Assert.Equal([1, 2, 3], secrets.Secrets["s1"].Data);
        await _node.StopDaemonAsync();
        Assert.Equal("", Assert.Single(_node.Journalled()).Spec.Container.RegistryAuth);
    }

    [Fact]
    public async Task A_secret_that_the_cluster_has_no_more_is_a_reason_to_reject()
    {
        _node.Manager.Want(AgentNode.Assigned("t", container: new ContainerSpec { Image = "busybox", Secrets = [new FileReference { Id = "s1", Name = "password" }] }));
        _node.Start();
        await _node.ReachesAsync("t", TaskState.Rejected);
        Assert.Equal("secret password (s1) is not in the swarm any more", _node.Manager.LastOf("t")!.Error);
    }
}
