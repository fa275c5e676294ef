using Swarm.Model;
using Swarm.Rpc.Dispatch;

namespace Swarm.Agent.Tests;

/// <summary>The agent while managers come and go, and after its daemon or its machine did.</summary>
public sealed class AgentSessionTests : IAsyncLifetime
{
    private readonly AgentNode _node = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _node.DisposeAsync();

    [Fact]
    public async Task A_daemon_that_starts_again_finds_its_containers_and_starts_none_twice()
    {
        _node.Manager.Want(AgentNode.Assigned("t"));
        _node.Start();
        await _node.ReachesAsync("t", TaskState.Running);
        await _node.StopDaemonAsync();
        Assert.Equal(["t"], _node.Containers.Running);

        // Without a manager that answers, too.
        _node.Manager.Answers = false;
        _node.Start();
        _node.Containers.End("t", 7);
        _node.Manager.Answers = true;
        await _node.ReachesAsync("t", TaskState.Failed);
        Assert.Single(_node.Containers.Calls, call => call == "start t");
        Assert.Equal(7, _node.Manager.LastOf("t")!.Container!.ExitCode);
    }

    [Fact]
    public async Task A_session_that_is_begun_anew_says_what_the_node_has_now()
    {
        _node.Manager.Want(AgentNode.Assigned("t"));
        _node.Start();
        await _node.ReachesAsync("t", TaskState.Running);
        Assert.Empty(_node.Manager.Request!.Places);
        _node.Places = [new ContainerPlace { TaskId = "place" }];
        _node.Agent.BeginAnew();
        await _node.UntilAsync("the manager hears of it", () => _node.Manager.Request.Places.Length == 1);
        Assert.Equal(2, _node.Manager.Sessions);
        Assert.Single(_node.Containers.Calls, call => call == "start t");
    }

    [Fact]
    public async Task What_ran_when_the_power_was_cut_has_failed_and_is_not_started_again()
    {
        _node.Manager.Want(AgentNode.Assigned("t"));
        _node.Start();
        await _node.ReachesAsync("t", TaskState.Running);
        await _node.StopDaemonAsync();
        _node.Containers.PowerCut();
        _node.Start();
        await _node.ReachesAsync("t", TaskState.Failed);
        var status = _node.Manager.LastOf("t")!;
        Assert.Equal(("the node restarted while the task ran", true), (status.Error, status.EndUnseen));
        Assert.Single(_node.Containers.Calls, call => call == "start t");
    }

    [Fact]
    public async Task Assignments_are_worked_off_while_no_manager_answers_and_told_when_one_does()
    {
        _node.Containers.Pulls = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _node.Manager.Want(AgentNode.Assigned("t"));
        _node.Start();
        await _node.ReachesAsync("t", TaskState.Preparing);
        _node.Manager.Answers = false;
        _node.Manager.EndSession();
        _node.Containers.Pulls.SetResult();
        await _node.UntilAsync("it runs", () => _node.Containers.Running.Count == 1);
        Assert.DoesNotContain(TaskState.Running, _node.Manager.StatesOf("t"));
        _node.Manager.Answers = true;
        await _node.ReachesAsync("t", TaskState.Running);
        Assert.Equal(2, _node.Manager.Sessions);
    }

    [Fact]
    public async Task A_status_whose_report_was_not_answered_is_told_again()
    {
        _node.Manager.LostAnswers = int.MaxValue;
        _node.Manager.Want(AgentNode.Assigned("t"));
        _node.Start();
        await _node.UntilAsync("it was told three times", () => _node.Manager.StatesOf("t").Count(state => state == TaskState.Running) >= 3);
        _node.Manager.LostAnswers = 0;
        await _node.UntilAsync("it is told once more", () => _node.Manager.Reports > 3);
        var (reports, sessions) = (_node.Manager.Reports, _node.Manager.Sessions);
        _node.Containers.End("t", 0);
        await _node.ReachesAsync("t", TaskState.Complete);

        // What was acknowledged is not told again, and the session stands.
        Assert.InRange(_node.Manager.Reports, reports, reports + 2);
        Assert.InRange(_node.Manager.Sessions, sessions, sessions + 1);
    }

    [Fact]
    public async Task A_manager_that_does_not_answer_heartbeats_is_left()
    {
        _node.Start();
        await _node.UntilAsync("there is a session", () => _node.Manager.Sessions == 1);
        _node.Manager.AnswersHeartbeats = false;
        await _node.UntilAsync("there is another", () => _node.Manager.Sessions == 2);
    }

    [Fact]
    public async Task A_daemon_stops_well_though_its_manager_is_lost_at_that_moment()
    {
        _node.Manager.AnswersHeartbeats = false;
        _node.Manager.LosesConnections = true;
        _node.Start();
        await _node.UntilAsync("it waits for an answer", () => _node.Manager.Heartbeats == 1);
        await _node.StopDaemonAsync();
    }

    [Fact]
    public async Task What_the_managers_do_not_name_is_removed()
    {
        _node.Containers.Have("stranger", running: true);
        _node.Manager.Want(AgentNode.Assigned("t"));
        _node.Start();
        await _node.ReachesAsync("t", TaskState.Running);
        await _node.UntilAsync("the stranger is gone", () => _node.Containers.All.SequenceEqual(["t"]));
        Assert.Contains("stop stranger", _node.Containers.Calls);
    }

    [Fact]
    public async Task What_the_managers_hold_for_ended_is_not_run_again_by_an_agent_that_forgot_it()
    {
        _node.Manager.Want(AgentNode.Assigned("t") with { Status = new Model.TaskStatus { State = TaskState.Orphaned } }, AgentNode.Assigned("u"));
        _node.Start();
        await _node.ReachesAsync("u", TaskState.Running);
        Assert.DoesNotContain(_node.Containers.Calls, call => call is "prepare t" or "start t");
    }

    [Fact]
    public async Task A_task_that_was_given_up_elsewhere_is_stopped_when_the_node_is_back()
    {
        _node.Manager.Want(AgentNode.Assigned("t"));
        _node.Start();
        await _node.ReachesAsync("t", TaskState.Running);
        _node.Manager.Answers = false;
        _node.Manager.EndSession();
        _node.Manager.Want(AgentNode.Assigned("t", TaskState.Shutdown));
        Assert.Equal(["t"], _node.Containers.Running);
        _node.Manager.Answers = true;
        await _node.ReachesAsync("t", TaskState.Shutdown);
        Assert.Empty(_node.Containers.Running);
    }

    [Fact]
    public async Task A_node_that_leaves_has_nothing_left_and_takes_nothing_more()
    {
        _node.Manager.Want(AgentNode.Assigned("a"), AgentNode.Assigned("b"));
        _node.Start();
        await _node.UntilAsync("both run", () => _node.Containers.Running.Count == 2);
        await _node.Agent.RemoveAllAsync(CancellationToken.None);
        Assert.Empty(_node.Containers.All);
        _node.Manager.Want(AgentNode.Assigned("c"));
        _node.Manager.EndSession();
        await _node.UntilAsync("there is another session", () => _node.Manager.Sessions == 2);
        await _node.StopDaemonAsync();
        Assert.DoesNotContain("prepare c", _node.Containers.Calls);
        Assert.Empty(_node.Journalled());
    }

    [Fact]
    public async Task A_node_that_was_removed_from_the_cluster_hears_of_it_and_its_tasks_go_on()
    {
        _node.Manager.Want(AgentNode.Assigned("t"));
        _node.Start();
        await _node.ReachesAsync("t", TaskState.Running);
        _node.Manager.Removed = true;
        _node.Manager.EndSession();
        await _node.UntilAsync("it hears", () => _node.News.ToList().Exists(news => news.Removed));
        Assert.Equal(["t"], _node.Containers.Running);
    }
}
