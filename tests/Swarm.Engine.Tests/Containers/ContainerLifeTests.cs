using System.Text;
using Swarm.Engine.Containers;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Logs;

namespace Swarm.Engine.Tests.Containers;

/// <summary>Real containers: real shims, real runtime.</summary>
public sealed class ContainerLifeTests
{
    private static readonly LogRequest Everything = new(true, true, Follow: false, Timestamps: false, null, null, null);

    [RootFact]
    public async Task Exit_code_and_output_of_a_run_are_kept()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var container = await fixture.CreateAsync("echo out; echo err >&2; exit 7");
        var exit = container.NextExit;
        await fixture.Engine.StartAsync(container, CancellationToken.None);
        Assert.Equal(7, (await exit.WaitAsync(EngineFixture.Deadline)).ExitCode);
        var lines = await ReadAsync(fixture, container, Everything);
        Assert.Contains((false, "out\n"), lines);
        Assert.Contains((true, "err\n"), lines);
    }

    [RootFact]
    public async Task A_missing_program_is_127_and_not_in_the_containers_log()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var container = await fixture.Engine.CreateAsync("", new ContainerCreateRequest { Image = "busybox", Cmd = ["nope"], HostConfig = new HostConfig { NetworkMode = "host" } }, CancellationToken.None);
        var refusal = await Assert.ThrowsAsync<EngineException>(() => fixture.Engine.StartAsync(container, CancellationToken.None));
        Assert.Contains("exec: \"nope\": executable file not found in $PATH", refusal.Message, StringComparison.Ordinal);
        Assert.Equal((ContainerStatus.Created, 127), (container.State.Status, container.State.ExitCode));
        Assert.Empty(await ReadAsync(fixture, container, Everything));
    }

    [RootFact]
    public async Task A_client_that_attached_before_the_start_gets_everything_and_feeds_the_process()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var container = await fixture.CreateAsync("cat; echo done", stdin: true);
        var session = await fixture.Engine.AttachAsync(container, new AttachRequest(true, true, true, null), CancellationToken.None);
        using var client = new DuplexMemory("from the client\n");
        var running = session.RunAsync(client, CancellationToken.None);
        await fixture.Engine.StartAsync(container, CancellationToken.None);
        await running.WaitAsync(EngineFixture.Deadline);
        Assert.Equal("from the client\ndone\n", client.Payloads());
    }

    /// <summary>One that was frozen and called running could be ended by nobody. With the client's cancellation given to the runtime's call it fails in one of its rounds.</summary>
    [RootFact]
    public async Task A_client_that_leaves_while_it_pauses_leaves_no_container_that_is_frozen_and_called_running()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var container = await fixture.RunAsync("trap 'exit 5' TERM; while :; do sleep 0.05; done");
        for (var round = 0; round < 40; round++)
        {
            using var client = new CancellationTokenSource();
            var pausing = fixture.Engine.PauseAsync(container, client.Token);
            await Task.WhenAny(pausing, Task.Run(() => SpinWait.SpinUntil(() => Freezer.IsFrozen(container.State.Pid) || pausing.IsCompleted)));
            await client.CancelAsync();
            await Task.WhenAny(pausing);
            Assert.Equal(Freezer.IsFrozen(container.State.Pid), container.State.Status == ContainerStatus.Paused);
            await fixture.Engine.UnpauseAsync(container, CancellationToken.None);
        }

    }

    /// <summary>What a daemon leaves that is killed between the runtime's freeze and its own record of it.</summary>
    [RootFact]
    public async Task A_freeze_that_was_not_recorded_is_undone_at_the_next_start()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var container = await fixture.RunAsync("trap 'exit 5' TERM; while :; do sleep 0.05; done");
        Freezer.Set(container.State.Pid, frozen: true);
        await fixture.RestartAsync();
        await CheckRunsAsync(fixture);
    }

    [RootFact]
    public async Task A_thaw_that_was_not_recorded_is_taken_over_at_the_next_start()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var container = await fixture.RunAsync("trap 'exit 5' TERM; while :; do sleep 0.05; done");
        await fixture.Engine.PauseAsync(container, CancellationToken.None);
        Freezer.Set(container.State.Pid, frozen: false);
        await fixture.RestartAsync();
        await CheckRunsAsync(fixture);
    }

    private static async Task CheckRunsAsync(EngineFixture fixture)
    {
        var adopted = Assert.Single(fixture.Engine.Containers);
        Assert.Equal((ContainerStatus.Running, false), (adopted.State.Status, Freezer.IsFrozen(adopted.State.Pid)));
        await fixture.Engine.StopAsync(adopted, 30, "", CancellationToken.None);
        Assert.Equal(5, adopted.State.ExitCode);
    }

    [RootFact]
    public async Task A_paused_container_is_paused_after_a_start()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var container = await fixture.RunAsync("sleep 1000");
        await fixture.Engine.PauseAsync(container, CancellationToken.None);
        await fixture.RestartAsync();
        var adopted = Assert.Single(fixture.Engine.Containers);
        Assert.Equal((ContainerStatus.Paused, true), (adopted.State.Status, Freezer.IsFrozen(adopted.State.Pid)));
    }

    [RootFact]
    public async Task Containers_outlive_the_daemon_and_the_next_one_stops_them()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var pid = (await fixture.RunAsync("trap 'exit 5' TERM; while :; do sleep 0.05; done")).State.Pid;
        await fixture.RestartAsync();
        var adopted = Assert.Single(fixture.Engine.Containers);
        Assert.Equal((ContainerStatus.Running, pid), (adopted.State.Status, adopted.State.Pid));
        await fixture.Engine.StopAsync(adopted, 30, "", CancellationToken.None);
        Assert.Equal((ContainerStatus.Exited, 5), (adopted.State.Status, adopted.State.ExitCode));
    }

    [RootFact]
    public async Task An_exit_while_no_daemon_ran_is_collected_by_the_next()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var container = await fixture.RunAsync("while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 6");
        var exitFile = fixture.Store.ExitFile(container.Id);
        await fixture.Engine.DisposeAsync();
        await File.WriteAllTextAsync(Path.Combine(fixture.Roots.Mount(container.Id), "tmp/go"), "");
        await WaitForAsync(() => File.Exists(exitFile), exitFile);
        await fixture.RestartAsync();
        var state = Assert.Single(fixture.Engine.Containers).State;
        Assert.Equal((ContainerStatus.Exited, 6), (state.Status, state.ExitCode));
        Assert.NotNull(state.FinishedAt);
    }

    [RootFact]
    public async Task When_its_shim_is_killed_nothing_of_the_container_runs_on()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var container = await fixture.RunAsync("sleep 1000");
        var exit = container.NextExit;
        var pid = container.State.Pid;
        Linux.ChildProcess.Signal(ProcessFacts.ParentOf(pid), 9);
        Assert.Equal(255, (await exit.WaitAsync(EngineFixture.Deadline)).ExitCode);
        await WaitForAsync(() => !Directory.Exists($"/proc/{pid}"), $"the end of process {pid}");
    }

    [RootFact]
    public async Task What_cannot_be_read_of_a_container_since_it_is_removed_is_not_found()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var container = await fixture.CreateAsync("true");
        Func<Task> fails = () => throw new IOException("no such folder");
        await Assert.ThrowsAsync<IOException>(() => ContainerEngine.ReadingAsync(container, "web", fails));
        await fixture.Engine.RemoveAsync(container, force: false, removeVolumes: false, CancellationToken.None);
        var refusal = await Assert.ThrowsAsync<EngineException>(() => ContainerEngine.ReadingAsync(container, "web", fails));
        Assert.Equal((404, "No such container: web"), (refusal.Status, refusal.Message));
    }

    [RootFact]
    public async Task A_volumes_name_is_that_of_a_folder()
    {
        await using var fixture = await EngineFixture.StartAsync();
        Assert.Equal(255, fixture.Engine.Volumes.Create(new() { Name = new string('a', 255) }, anonymous: false).Name.Length);
        var refusal = Assert.Throws<EngineException>(() => fixture.Engine.Volumes.Create(new() { Name = new string('a', 256) }, anonymous: false));
        Assert.Equal((400, $"create {new string('a', 32)}...: file name too long"), (refusal.Status, refusal.Message));
    }

    [RootFact]
    public async Task An_auto_removed_container_leaves_nothing()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var container = await fixture.CreateAsync("exit 3", new HostConfig { AutoRemove = true, Tmpfs = new() { ["/t"] = "" } });
        await fixture.Engine.StartAsync(container, CancellationToken.None);
        Assert.Equal(3, (await container.Removed.WaitAsync(EngineFixture.Deadline)).ExitCode);
        Assert.Empty(fixture.TracesOf(container.Id));
        Assert.Empty(fixture.Engine.Containers);
    }

    [RootFact]
    public async Task An_auto_removed_container_outlives_a_restart_and_no_other_end()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var container = await fixture.RunAsync("sleep 1000", new HostConfig { AutoRemove = true });
        var first = container.State.Pid;
        await fixture.Engine.RestartAsync(container, seconds: 0, signal: "", CancellationToken.None);
        Assert.Equal(ContainerStatus.Running, container.State.Status);
        Assert.NotEqual(first, container.State.Pid);
        await fixture.Engine.StopAsync(container, seconds: 0, signal: "", CancellationToken.None);
        await container.Removed.WaitAsync(EngineFixture.Deadline);
        Assert.Empty(fixture.Engine.Containers);
    }

    [RootFact]
    public async Task Half_made_and_half_removed_containers_are_gone_after_the_next_start()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var whole = await fixture.CreateAsync("true");
        var half = whole.Record with { Id = new string('f', 64), Name = "half" };
        fixture.Store.Begin(half);
        fixture.Roots.Create(half.Id, []);
        fixture.Store.BeginRemoval(whole.Id, removeVolumes: true);
        await fixture.RestartAsync();
        Assert.Empty(fixture.Engine.Containers);
        Assert.Empty(fixture.TracesOf(half.Id));
        Assert.Empty(fixture.TracesOf(whole.Id));
    }

    [RootFact]
    public async Task A_volume_keeps_its_data_and_is_not_removed_while_in_use()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var host = new HostConfig { Binds = ["kept:/data"] };
        var writer = await fixture.CreateAsync("echo x > /data/f", host);
        var exit = writer.NextExit;
        await fixture.Engine.StartAsync(writer, CancellationToken.None);
        Assert.Equal(0, (await exit.WaitAsync(EngineFixture.Deadline)).ExitCode);
        Assert.Equal(409, Assert.Throws<EngineException>(() => fixture.Engine.RemoveVolume("kept", force: false)).Status);
        Assert.Equal("x\n", await File.ReadAllTextAsync(Path.Combine(fixture.Engine.Volumes.DataPath("kept"), "f")));
        await fixture.Engine.RemoveAsync(writer, false, removeVolumes: true, CancellationToken.None);
        Assert.NotNull(fixture.Engine.Volumes.Find("kept"));
        fixture.Engine.RemoveVolume("kept", force: false);
        Assert.Null(fixture.Engine.Volumes.Find("kept"));
    }

    [RootFact]
    public async Task The_last_lines_are_found_across_rotated_files_and_a_follower_sees_the_rest()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var log = new LogConfig { Type = "json-file", Config = new() { ["max-size"] = "1k", ["max-file"] = "5" } };
        var container = await fixture.RunAsync("busybox=/bin/busybox; $busybox seq 1 30; while [ ! -e /tmp/go ]; do $busybox sleep 0.05; done; $busybox seq 31 60", new HostConfig { LogConfig = log });
        var seen = new List<string>();
        await foreach (var line in fixture.Engine.Logs(container).ReadAsync(Everything with { Follow = true }, new CancellationTokenSource(EngineFixture.Deadline).Token))
        {
            seen.Add(Encoding.UTF8.GetString(line.Text.Span).Trim());
            if (seen[^1] == "30")
            {
                await File.WriteAllTextAsync(Path.Combine(fixture.Roots.Mount(container.Id), "tmp/go"), "");
            }
        }

        Assert.Equal("60", seen[^1]);
        var tail = await ReadAsync(fixture, container, Everything with { Tail = 15 });
        Assert.Equal(Enumerable.Range(46, 15).Select(i => $"{i}\n"), tail.Select(l => l.Text));
    }

    private static async Task<List<(bool IsStderr, string Text)>> ReadAsync(EngineFixture fixture, Container container, LogRequest request)
    {
        List<(bool, string)> lines = [];
        await foreach (var line in fixture.Engine.Logs(container).ReadAsync(request, CancellationToken.None))
        {
            lines.Add((line.IsStderr, Encoding.UTF8.GetString(line.Text.Span)));
        }

        return lines;
    }

    private static async Task WaitForAsync(Func<bool> condition, string what)
    {
        using var deadline = new CancellationTokenSource(EngineFixture.Deadline);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!condition())
        {
            try
            {
                await tick.WaitForNextTickAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail("in vain waited for " + what);
            }
        }
    }
}
