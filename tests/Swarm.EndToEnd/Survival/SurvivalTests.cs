using System.Globalization;
using Xunit.Abstractions;

namespace Swarm.EndToEnd.Survival;

/// <summary>The daemon is killed, at any moment; containers do not notice, and the next daemon knows what it has to know.</summary>
public sealed class SurvivalTests(ITestOutputHelper output) : IAsyncLifetime
{
    private OneNode _node = null!;

    public async Task InitializeAsync()
    {
        _node = await OneNode.UpAsync("survival", output.WriteLine);
        await _node.LoadBusyboxAsync();
    }

    public async Task DisposeAsync() => await _node.DisposeAsync();

    [Fact]
    public async Task A_log_has_no_gap_and_attach_works_again_after_kills_of_the_daemon()
    {
        await RunAsync("counter", [], "i=0; while [ ! -e /stop ]; do echo $i; i=$((i+1)); done");
        for (var kill = 0; kill < 3; kill++)
        {
            var before = await LastAsync("counter");
            await _node.KillDaemonAsync();
            await _node.StartDaemonAsync();
            await _node.UntilAsync("the counter goes on", async () => await LastAsync("counter") > before ? "yes" : null);
        }

        // Attached to by this daemon, which did not start it.
        var attached = _node.TryDockerAsync("attach", "--no-stdin", "counter");
        const int killed = 128 + 9;
        var stopping = await _node.TryDockerAsync("exec", "counter", "touch", "/stop");
        Assert.True(stopping.ExitCode is 0 or killed, stopping.ToString()); // the container may end before the command that ends it
        await _node.DockerAsync("wait", "counter");
        var heard = OneNode.Lines((await attached).Output).Select(Number).ToList();
        var logged = OneNode.Lines(await _node.DockerAsync("logs", "counter")).Select(Number).ToList();
        for (var i = 0; i < logged.Count; i++)
        {
            Assert.True(logged[i] == i, $"line {i} of the log says {logged[i]}");
        }

        // What is heard is a piece of what is logged, up to the end (of which nothing is lost, since the client reads).
        Assert.Equal(Enumerable.Range(logged.Count - heard.Count, heard.Count), heard);
    }

    [Fact]
    public async Task What_ended_while_no_daemon_ran_has_its_exit_code_and_its_restart_policy_goes_on()
    {
        const string untilGone = "while [ -e /x/wait ]; do usleep 50000; done; ";
        await _node.DockerAsync("volume", "create", "shared");
        await _node.DockerAsync("run", "--rm", "-v", "shared:/x", "--network", "none", "busybox", "touch", "/x/wait");
        string[] shared = ["-v", "shared:/x"];
        await RunAsync("plain", shared, untilGone + "exit 7");
        await RunAsync("killed", shared, "sleep 1000");
        await RunAsync("removed", [.. shared, "--rm"], untilGone + "exit 3");
        await RunAsync("failing", [.. shared, "--restart", "on-failure:2"], untilGone + "exit 5");
        await RunAsync("succeeding", [.. shared, "--restart", "on-failure:2"], untilGone + "exit 0");
        await RunAsync("always", [.. shared, "--restart", "always"], untilGone + "rm /x/first || sleep 1000; exit 1");
        await RunAsync("stopped", ["--restart", "unless-stopped"], "sleep 1000");
        await RunAsync("stopped-always", ["--restart", "always"], "sleep 1000");
        await _node.DockerAsync("stop", "-t", "0", "stopped", "stopped-always");
        await _node.DockerAsync("run", "--rm", "-v", "shared:/x", "--network", "none", "busybox", "touch", "/x/first");
        var data = (await _node.DockerAsync("volume", "inspect", "-f", "{{.Mountpoint}}", "shared")).Trim();
        var exits = await Task.WhenAll(new[] { "plain", "killed", "failing", "succeeding" }.Select(async name => Path.Combine(_node.Paths.Data, "containers", await InspectAsync(name, "{{.Id}}"), "exit")));

        var killed = await InspectAsync("killed", "{{.State.Pid}}");

        await _node.KillDaemonAsync();
        await Shell.RunAsync("kill", ["-9", killed]);
        File.Delete(Path.Combine(data, "wait"));
        await _node.UntilAsync("all have ended", () => Task.FromResult(exits.All(File.Exists) ? "yes" : null));
        await _node.StartDaemonAsync();

        Assert.Equal("exited 7 false", await InspectAsync("plain", "{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}"));
        Assert.Equal("exited 137", await InspectAsync("killed", "{{.State.Status}} {{.State.ExitCode}}"));
        Assert.Equal("exited 0 0", await InspectAsync("succeeding", "{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}"));
        Assert.Equal("exited true", await InspectAsync("stopped", "{{.State.Status}} {{.State.Dead | not}}"));
        await WaitForAsync("failing", "exited 5 2", "{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}");
        await WaitForAsync("always", "running", "{{.State.Status}}");
        await WaitForAsync("stopped-always", "running", "{{.State.Status}}");
        Assert.NotEqual(0, (await _node.TryDockerAsync("inspect", "removed")).ExitCode);
    }

    private Task RunAsync(string name, string[] options, string script) =>
        _node.DockerAsync(["run", "-d", "--name", name, "--network", "none", .. options, "busybox", "sh", "-c", script]);

    private async Task<string> InspectAsync(string name, string format) => (await _node.DockerAsync("inspect", "-f", format, name)).Trim();

    private Task WaitForAsync(string name, string wanted, string format) => _node.UntilAsync(
        $"{name} is {wanted}", async () => await InspectAsync(name, format) is { } state && state == wanted ? state : null);

    private async Task<int> LastAsync(string name) => Number(OneNode.Lines(await _node.DockerAsync("logs", "-n", "1", name)) is [var line] ? line : "-1");

    private static int Number(string line) => int.Parse(line, CultureInfo.InvariantCulture);
}
