namespace Swarm.EndToEnd;

/// <summary>A stack of two services that find each other on a network of their own, with a secret and a config, by both clients.</summary>
[Collection(LabFixture.Name)]
public sealed class StackNetworkTests(LabFixture lab) : IAsyncLifetime
{
    private const string Stack = "pair";
    private const string Ask = "printf 'GET /page HTTP/1.0\\r\\n\\r\\n' | nc -w 3 web 80 | tail -n 1";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("swarm-stacks-");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await lab.MakeWholeAsync();
        await SwarmAsync("stack", "rm", Stack);
        _folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Services_of_a_stack_find_each_other_are_changed_and_leave_nothing(bool ours)
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "key"), "sesame");
        await DeployAsync(ours, "first");
        await lab.RunningAsync("m2", $"{Stack}_web", 3);
        await lab.RunningAsync("m2", $"{Stack}_probe", 2);
        Assert.Equal("overlay swarm", await lab.DockerOkAsync("m1", "network", "inspect", $"{Stack}_front", "--format", "{{.Driver}} {{.Scope}}"));
        await HearAsync("first of sesame");

        // The same file with another environment: those that it concerns are replaced, the other is left alone.
        var probes = await TasksAsync("probe");
        await DeployAsync(ours, "second");
        await HearAsync("second of sesame");
        Assert.Equal(probes, await TasksAsync("probe"));

        await RemoveAsync(ours);
        foreach (var kind in new[] { "service", "secret", "config", "network" })
        {
            await lab.UntilAsync($"no {kind} of the stack is left", async () =>
                (await lab.DockerOkAsync("m1", kind, "ls", "--quiet", "--filter", $"label=com.docker.stack.namespace={Stack}")).Length == 0 ? "none" : null);
        }

        await lab.UntilAsync("no container of the stack is left, and no node has its network", async () =>
        {
            var left = (await lab.ContainersAsync($"{Stack}_web")).Concat(await lab.ContainersAsync($"{Stack}_probe")).Count();
            foreach (var node in lab.AllNodes)
            {
                left += (await lab.DockerOkAsync(node, "network", "ls", "--quiet", "--filter", $"name={Stack}_front")).Length;
            }

            return left == 0 ? "none" : null;
        });
    }

    private async Task DeployAsync(bool ours, string who)
    {
        var compose = Path.Combine(_folder.FullName, "compose.yaml");
        File.WriteAllText(compose, $$"""
            version: "3.8"
            services:
              web:
                image: busybox
                command: ["sh", "-c", "mkdir /www; echo $$WHO of $$(cat /run/secrets/key) > /www/$$(cat /site); exec httpd -f -p 80 -h /www"]
                environment: {WHO: {{who}} }
                stop_signal: SIGKILL
                networks: [front]
                secrets: [key]
                configs: [site]
                healthcheck: {test: ["CMD-SHELL", "grep -q ':0050 .* 0A ' /proc/net/tcp /proc/net/tcp6"], interval: 200ms, timeout: 5s, retries: 100}
                deploy: {replicas: 3, update_config: {parallelism: 2, delay: 0s, monitor: 100ms} }
              probe:
                image: busybox
                command: ["sleep", "infinity"]
                stop_signal: SIGKILL
                networks: [front]
                depends_on: [web]
                deploy: {replicas: 2}
            networks: {front: {driver: overlay} }
            secrets: {key: {file: ./key} }
            configs: {site: {file: ./site} }
            """);
        File.WriteAllText(Path.Combine(_folder.FullName, "site"), "page");
        string[] arguments = ["stack", "deploy", "-c", compose, "--detach=false", "--resolve-image", "never", Stack];
        var deployed = ours ? await SwarmAsync(arguments) : await lab.DockerAsync("m1", arguments);
        Assert.True(deployed.ExitCode == 0, deployed + "\n" + lab.Logs());
    }

    private async Task RemoveAsync(bool ours)
    {
        var removed = ours ? await SwarmAsync("stack", "rm", Stack) : await lab.DockerAsync("m2", "stack", "rm", Stack);
        Assert.True(removed.ExitCode == 0, removed + "\n" + lab.Logs());
    }

    /// <summary>Until a task of each service hears <paramref name="page"/> from the name of the one that serves it.</summary>
    private async Task HearAsync(string page)
    {
        foreach (var service in new[] { "probe", "web" })
        {
            await lab.UntilAsync($"{service} hears {page}", async () =>
                (await SwarmAsync("exec", $"{Stack}_{service}", "sh", "-c", Ask)).Output == page ? "it does" : null);
        }
    }

    private async Task<IReadOnlyList<string>> TasksAsync(string service) =>
        [.. (await lab.RunningAsync("m1", $"{Stack}_{service}", 2)).Select(task => task.ID).Order()];

    private Task<ShellResult> SwarmAsync(params string[] arguments) =>
        Shell.RunAsync(LabFixture.Binary, arguments, ("DOCKER_HOST", lab.Host.Paths(LabFixture.Name, lab.Lab.Running().First(lab.Managers.Contains)).DockerHost));
}
