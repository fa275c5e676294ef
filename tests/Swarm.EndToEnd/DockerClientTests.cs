namespace Swarm.EndToEnd;

/// <summary>What a user of the docker client does on the first day.</summary>
[Collection(LabFixture.Name)]
public sealed class DockerClientTests(LabFixture lab) : IAsyncLifetime
{
    private static readonly string[] Sleep = ["--stop-signal", "SIGKILL", "busybox", "sleep", "infinity"];

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => lab.MakeWholeAsync();

    [Fact]
    public async Task Ten_replicas_are_created_listed_scaled_and_removed()
    {
        await lab.DockerOkAsync("m1", ["service", "create", "--quiet", "--name", "web", "--replicas", "10", .. Sleep]);
        Assert.Equal("web 10/10", await lab.DockerOkAsync("m2", "service", "ls", "--format", "{{.Name}} {{.Replicas}}"));

        var names = await lab.DockerOkAsync("m1", "service", "ps", "web", "--filter", "desired-state=running", "--format", "{{.Name}} {{.CurrentState}}");
        Assert.Equal(10, names.Split('\n').Count(line => line.Contains("Running", StringComparison.Ordinal)));
        Assert.Equal(Enumerable.Range(1, 10).Select(i => $"web.{i}").Order(), names.Split('\n').Select(line => line.Split(' ')[0]).Order());

        await lab.DockerOkAsync("m3", "service", "scale", "web=3");
        await lab.RunningAsync("m1", "web", 3);
        await lab.DockerOkAsync("m1", "service", "rm", "web");
        await lab.UntilAsync("no container of web is left", async () => (await lab.ContainersAsync("web")).Count == 0 ? "none" : null);
    }

    [Fact]
    public async Task Replicas_are_spread_over_all_nodes()
    {
        await lab.DockerOkAsync("m1", ["service", "create", "--quiet", "--name", "spread", "--replicas", "10", .. Sleep]);
        var tasks = await lab.RunningAsync("m1", "spread", 10);
        Assert.Equal([2, 2, 2, 2, 2], tasks.GroupBy(t => t.NodeID).Select(g => g.Count()));
    }

    [Fact]
    public async Task Node_ls_shows_every_node_ready_and_one_leader()
    {
        var lines = (await lab.DockerOkAsync("m2", "node", "ls", "--format", "{{.Hostname}}|{{.Status}}|{{.Availability}}|{{.ManagerStatus}}")).Split('\n');
        Assert.Equal(["m1", "m2", "m3", "w1", "w2"], lines.Select(l => l.Split('|')[0]).Order());
        Assert.All(lines, line => Assert.Contains("|Ready|Active|", line, StringComparison.Ordinal));
        Assert.Equal(["", "", "Leader", "Reachable", "Reachable"], lines.Select(l => l.Split('|')[3]).Order());
    }

    [Fact]
    public async Task A_drained_node_hands_its_tasks_over_and_gets_none()
    {
        await lab.DockerOkAsync("m1", ["service", "create", "--quiet", "--name", "drained", "--replicas", "10", .. Sleep]);
        await lab.DockerOkAsync("m1", "node", "update", "--availability", "drain", "w1");
        var w1 = await lab.DockerOkAsync("m1", "node", "inspect", "w1", "--format", "{{.ID}}");
        await lab.RunningAsync("m1", "drained", 10, task => task.NodeID != w1);
        await lab.UntilAsync("w1 runs no container", async () =>
            (await lab.ContainersAsync("drained")).All(c => c.Node != "w1") ? "none" : null);
    }

    [Fact]
    public async Task A_global_service_has_one_task_on_every_node()
    {
        await lab.DockerOkAsync("m1", ["service", "create", "--quiet", "--detach", "--name", "everywhere", "--mode", "global", .. Sleep]);
        var tasks = await lab.RunningAsync("m1", "everywhere", 5);
        Assert.Equal(5, tasks.Select(t => t.NodeID).Distinct().Count());
    }

    [Fact]
    public async Task Constraints_are_obeyed_and_an_impossible_one_is_explained()
    {
        await lab.DockerOkAsync("m1", ["service", "create", "--quiet", "--detach", "--name", "workers", "--replicas", "4", "--constraint", "node.role==worker", .. Sleep]);
        await lab.RunningAsync("m1", "workers", 4);
        Assert.All(await lab.ContainersAsync("workers"), c => Assert.StartsWith("w", c.Node, StringComparison.Ordinal));

        await lab.DockerOkAsync("m1", ["service", "create", "--quiet", "--detach", "--name", "nowhere", "--constraint", "node.labels.moon==yes", .. Sleep]);
        await lab.UntilAsync("the task says why it waits", async () =>
            (await lab.DockerOkAsync("m1", "service", "ps", "nowhere", "--no-trunc", "--format", "{{.Error}}")).Contains("no suitable node", StringComparison.Ordinal) ? "said" : null);
    }

    [Fact]
    public async Task Run_shows_the_output_and_passes_the_exit_status_on()
    {
        Assert.Equal("hi", await lab.DockerOkAsync("w1", "run", "--rm", "busybox", "echo", "hi"));
        var failed = await lab.DockerAsync("w1", "run", "--rm", "busybox", "sh", "-c", "echo bad >&2; exit 7");
        Assert.Equal((7, "bad"), (failed.ExitCode, failed.Error));
        Assert.Equal("", await lab.DockerOkAsync("w1", "ps", "--all", "--quiet"));
    }

    [Fact]
    public async Task A_task_that_ends_is_replaced()
    {
        await lab.DockerOkAsync("m1", ["service", "create", "--quiet", "--name", "mortal", "--replicas", "2", "--restart-delay", "0s", .. Sleep]);
        var before = await lab.RunningAsync("m1", "mortal", 2);
        var (node, task) = (await lab.ContainersAsync("mortal"))[0];
        var container = (await lab.DockerOkAsync(node, "ps", "--quiet", "--filter", $"label=com.docker.swarm.task.id={task}")).Trim();
        await lab.DockerOkAsync(node, "kill", container);
        var after = await lab.RunningAsync("m1", "mortal", 2, t => t.ID != task);
        Assert.Single(after.Select(t => t.ID).Except(before.Select(t => t.ID)));
        Assert.Equal(["1", "2"], after.Select(t => t.Slot.ToString()!).Order());
    }
}
