namespace Swarm.EndToEnd;

/// <summary>The docker client's commands for one node's containers and volumes, as a user types them.</summary>
[Collection(LabFixture.Name)]
public sealed class ContainerCommandTests(LabFixture lab) : IAsyncLifetime
{
    private const string Node = "m1";
    private readonly string _folder = Directory.CreateTempSubdirectory("engine-e2e-").FullName;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        var all = await lab.DockerOkAsync(Node, "ps", "-aq", "--filter", "label=e2e");
        if (all.Length > 0)
        {
            await lab.DockerOkAsync(Node, ["rm", "-fv", .. all.Split('\n')]);
        }

        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Files_are_copied_both_ways_listed_and_exported()
    {
        await RunAsync("cp", ["-v", "/data"], "sleep", "1000");
        Directory.CreateDirectory(Path.Combine(_folder, "in/sub"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "in/sub/f"), "there and back");
        await lab.DockerOkAsync(Node, "cp", Path.Combine(_folder, "in"), "cp:/data/");
        await lab.DockerOkAsync(Node, "cp", Path.Combine(_folder, "in/."), "cp:/root");
        await lab.DockerOkAsync(Node, "stop", "-t", "0", "cp");
        await lab.DockerOkAsync(Node, "cp", "cp:/data/in", Path.Combine(_folder, "out"));
        Assert.Equal("there and back", await File.ReadAllTextAsync(Path.Combine(_folder, "out/sub/f")));
        var changes = (await lab.DockerOkAsync(Node, "diff", "cp")).Split('\n');
        Assert.Contains("A /root/sub/f", changes);
        Assert.DoesNotContain(changes, c => c.Contains("/etc", StringComparison.Ordinal) || c.Contains("/data/", StringComparison.Ordinal));
        var missing = await lab.DockerAsync(Node, "cp", "cp:/nope", _folder);
        Assert.Contains("Could not find the file /nope in container cp", missing.Error, StringComparison.Ordinal);
        await lab.DockerOkAsync(Node, "export", "-o", Path.Combine(_folder, "all.tar"), "cp");
        Assert.True(new FileInfo(Path.Combine(_folder, "all.tar")).Length > 100_000);
    }

    [Fact]
    public async Task Health_turns_with_the_check_and_filters_find_it()
    {
        await RunAsync("well", ["--health-cmd", "[ -e /tmp/well ]", "--health-interval", "200ms", "--health-retries", "1"], "sleep", "1000");
        await lab.UntilAsync("well is unhealthy", async () => await NamesAsync("health=unhealthy") == "well" ? "so it is" : null);
        await lab.DockerOkAsync(Node, "exec", "well", "touch", "/tmp/well");
        await lab.UntilAsync("well is healthy", async () => await NamesAsync("health=healthy") == "well" ? "so it is" : null);
        Assert.Equal("0", await lab.DockerOkAsync(Node, "inspect", "-f", "{{.State.Health.FailingStreak}}", "well"));
    }

    [Fact]
    public async Task Limits_are_changed_and_used_amounts_shown()
    {
        await RunAsync("limited", ["--memory", "64m", "--init"], "sleep", "1000");
        await lab.DockerOkAsync(Node, "update", "--memory", "48m", "--memory-swap", "96m", "--restart", "unless-stopped", "limited");
        Assert.Equal("50331648 unless-stopped", await lab.DockerOkAsync(Node, "inspect", "-f", "{{.HostConfig.Memory}} {{.HostConfig.RestartPolicy.Name}}", "limited"));
        Assert.EndsWith("/ 48MiB", await lab.DockerOkAsync(Node, "stats", "--no-stream", "--format", "{{.MemUsage}}", "limited"), StringComparison.Ordinal);
        var top = await lab.DockerOkAsync(Node, "top", "limited");
        Assert.Contains("docker-init", top, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Namespaces_and_volumes_are_shared_between_containers()
    {
        await RunAsync("donor", ["-v", "/shared", "--ipc", "shareable"], "sleep", "1000");
        await lab.DockerOkAsync(Node, "exec", "donor", "sh", "-c", "echo mine > /shared/f; echo mine > /dev/shm/f");
        string[] joined = ["run", "--rm", "--label", "e2e", "--network", "container:donor", "--pid", "container:donor", "--ipc", "container:donor", "--volumes-from", "donor:ro", "busybox"];
        Assert.Equal("mine\nmine", await lab.DockerOkAsync(Node, [.. joined, "cat", "/shared/f", "/dev/shm/f"]));
        Assert.Contains("sleep 1000", await lab.DockerOkAsync(Node, [.. joined, "ps"]), StringComparison.Ordinal);
        Assert.Equal(
            await lab.DockerOkAsync(Node, "exec", "donor", "hostname", "-i"),
            await lab.DockerOkAsync(Node, [.. joined, "hostname", "-i"]));
        Assert.Contains("Read-only", (await lab.DockerAsync(Node, [.. joined, "touch", "/shared/g"])).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_container_becomes_an_image_that_runs_as_told()
    {
        await RunAsync("base", [], "sh", "-c", "echo kept > /kept; sleep 1000");
        await lab.UntilAsync("/kept is written", async () => (await lab.DockerAsync(Node, "exec", "base", "cat", "/kept")).Output == "kept" ? "it is" : null);
        await lab.DockerOkAsync(Node, "commit", "-c", "CMD [\"cat\",\"/kept\"]", "-m", "from a test", "base", "e2e/kept:1");
        Assert.Equal("kept", await lab.DockerOkAsync(Node, "run", "--rm", "--label", "e2e", "e2e/kept:1"));
        Assert.Equal("base", await NamesAsync("ancestor=busybox"));
        await lab.DockerOkAsync(Node, "rmi", "e2e/kept:1");
    }

    private async Task<string> NamesAsync(string filter) =>
        await lab.DockerOkAsync(Node, "ps", "-a", "--filter", "label=e2e", "--filter", filter, "--format", "{{.Names}}");

    private Task<string> RunAsync(string name, string[] options, params string[] command) =>
        lab.DockerOkAsync(Node, ["run", "-d", "--name", name, "--label", "e2e", .. options, "busybox", .. command]);
}
