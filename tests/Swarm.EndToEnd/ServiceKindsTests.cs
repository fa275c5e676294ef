using System.Diagnostics;

namespace Swarm.EndToEnd;

/// <summary>Secrets, configs, logs, execs and jobs across nodes, by the docker client and ours.</summary>
[Collection(LabFixture.Name)]
public sealed class ServiceKindsTests(LabFixture lab) : IAsyncLifetime
{
    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await lab.MakeWholeAsync();
        foreach (var kind in new[] { "secret", "config" })
        {
            foreach (var id in (await lab.DockerOkAsync("m1", kind, "ls", "--quiet")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                await lab.DockerOkAsync("m1", kind, "rm", id);
            }
        }
    }

    [Fact]
    public async Task A_secret_is_a_file_of_its_tasks_and_nowhere_else()
    {
        await MakeAsync("secret", "password", "hunter2");
        await MakeAsync("config", "site", "slot={{.Task.Slot}} pw={{secret \"password\"}}", "--template-driver", "golang");
        await lab.DockerOkAsync(
            "m1", "service", "create", "--quiet", "--name", "vault", "--replicas", "2", "--constraint", "node.role==worker", "--stop-signal", "SIGKILL",
            "--secret", "source=password,mode=0400", "--config", "source=site,target=/etc/site", "busybox", "sleep", "infinity");
        Assert.Equal("hunter2", await ExecAsync("vault.1", "cat", "/run/secrets/password"));
        Assert.Equal("slot=2 pw=hunter2", await ExecAsync("vault.2", "cat", "/etc/site"));
        Assert.Contains("tmpfs", await ExecAsync("vault.1", "grep", "/run/secrets/password", "/proc/mounts"), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", await lab.DockerOkAsync("m1", "secret", "inspect", "password"), StringComparison.Ordinal);
        Assert.Equal(["w1", "w2"], Holders());

        var refused = await lab.DockerAsync("m1", "secret", "rm", "password");
        Assert.Contains("secret 'password' is in use by the following service: vault", refused.Error, StringComparison.Ordinal);

        await lab.DockerOkAsync("m1", "service", "rm", "vault");
        await lab.UntilAsync("no node has a task's files", () => Task.FromResult(Holders().Count == 0 ? "none" : null));
        await lab.DockerOkAsync("m1", "secret", "rm", "password");
    }

    [Fact]
    public async Task The_logs_of_all_nodes_come_together()
    {
        await lab.DockerOkAsync(
            "m1", "service", "create", "--quiet", "--name", "chat", "--mode", "global", "--stop-signal", "SIGKILL", "busybox", "sh", "-c", "echo hello; echo oops >&2; sleep 1000");
        await lab.UntilAsync("every node's line is there", async () =>
            (await lab.DockerOkAsync("m2", "service", "logs", "chat")).Split('\n').Count(line => line.EndsWith("| hello", StringComparison.Ordinal)) == 5 ? "all" : null);
        var errors = (await lab.DockerAsync("m3", "service", "logs", "--raw", "chat")).Error;
        Assert.Equal(5, errors.Split('\n').Count(line => line == "oops"));
    }

    [Fact]
    public async Task A_command_runs_in_a_task_of_any_node_and_its_exit_code_comes_back()
    {
        await lab.DockerOkAsync(
            "m1", "service", "create", "--quiet", "--name", "far", "--constraint", "node.hostname==w2", "--stop-signal", "SIGKILL", "busybox", "sleep", "infinity");
        var failed = await SwarmAsync("exec", "far", "sh", "-c", "echo out; echo err >&2; exit 7");
        Assert.Equal((7, "out", "err"), (failed.ExitCode, failed.Output, failed.Error));
    }

    [Fact]
    public async Task A_job_completes_as_often_as_asked_and_once_more_when_forced()
    {
        await lab.DockerOkAsync("m1", "service", "create", "--quiet", "--name", "once", "--mode", "replicated-job", "--replicas", "4", "--max-concurrent", "2", "busybox", "true");
        Assert.Equal("0/0 (4/4 completed)", await lab.DockerOkAsync("m2", "service", "ls", "--format", "{{.Replicas}}"));
        await lab.DockerOkAsync("m1", "service", "update", "--quiet", "--force", "once");
        Assert.Equal("0/0 (4/4 completed)", await lab.DockerOkAsync("m2", "service", "ls", "--format", "{{.Replicas}}"));
        Assert.Equal(8, (await lab.DockerOkAsync("m2", "service", "ps", "once", "--format", "{{.CurrentState}}")).Split('\n').Count(line => line.StartsWith("Complete", StringComparison.Ordinal)));
        Assert.NotEqual(0, (await lab.DockerAsync("m1", "service", "rollback", "once")).ExitCode);
    }

    private Task<string> MakeAsync(string kind, string name, string value, params string[] flags) =>
        lab.UntilAsync($"{kind} {name} is made", async () =>
        {
            var start = new ProcessStartInfo("docker", [kind, "create", .. flags, name, "-"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
            start.Environment["DOCKER_HOST"] = lab.Host.Paths(LabFixture.Name, "m1").DockerHost;
            using var docker = Process.Start(start)!;
            await docker.StandardInput.WriteAsync(value);
            docker.StandardInput.Close();
            await docker.WaitForExitAsync();
            return docker.ExitCode == 0 ? "made" : null;
        });

    private async Task<string> ExecAsync(string target, params string[] command)
    {
        var result = await SwarmAsync(["exec", target, .. command]);
        Assert.True(result.ExitCode == 0, $"swarm exec {target} {string.Join(' ', command)}: {result}");
        return result.Output;
    }

    private Task<ShellResult> SwarmAsync(params string[] arguments) =>
        Shell.RunAsync(LabFixture.Binary, arguments, ("DOCKER_HOST", lab.Host.Paths(LabFixture.Name, "m1").DockerHost));

    /// <summary>Nodes on which a file system of a task's files is mounted.</summary>
    private IReadOnlyList<string> Holders() =>
    [
        .. File.ReadLines("/proc/mounts").Where(line => line.StartsWith("task-files ", StringComparison.Ordinal))
            .SelectMany(line => lab.AllNodes.Where(node => line.Contains($"/{LabFixture.Name}/{node}/", StringComparison.Ordinal))).Distinct().Order(StringComparer.Ordinal),
    ];
}
