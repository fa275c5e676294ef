namespace Swarm.EndToEnd;

/// <summary>Stacks from compose files: made by our command, seen by docker's, and the other way round.</summary>
[Collection(LabFixture.Name)]
public sealed class StackTests(LabFixture lab) : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("swarm-stacks-");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await lab.MakeWholeAsync();
        await SwarmAsync("stack", "rm", "shop");
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_stack_is_deployed_seen_by_both_clients_changed_and_removed()
    {
        Write("""
            services:
              web:
                image: busybox
                command: sh -c "cat /run/secrets/key /site; sleep infinity"
                stop_signal: SIGKILL
                network_mode: none
                secrets: [key]
                configs: [site]
                deploy: {replicas: 3}
              extra: {image: busybox, command: sleep infinity, stop_signal: SIGKILL, network_mode: none}
            secrets: {key: {file: ./key}}
            configs: {site: {content: "of ${WHO:-nobody}"}}
            """);
        File.WriteAllText(Path.Combine(_folder.FullName, "key"), "first");
        await DeployAsync();
        Assert.Equal("shop 2", await lab.DockerOkAsync("m2", "stack", "ls", "--format", "{{.Name}} {{.Services}}"));
        Assert.Equal("shop_extra 1/1\nshop_web 3/3", await lab.DockerOkAsync("m2", "stack", "services", "shop", "--format", "{{.Name}} {{.Replicas}}"));
        Assert.Equal(4, (await lab.DockerOkAsync("m3", "stack", "ps", "shop", "--format", "{{.Name}}")).Split('\n').Length);
        Assert.Equal("shop", await lab.DockerOkAsync("m1", "secret", "inspect", "shop_key", "--format", "{{index .Spec.Labels \"com.docker.stack.namespace\"}}"));

        // Changed content rolls the services over to a secret of another name; the one before stays until no rollback can ask for it.
        File.WriteAllText(Path.Combine(_folder.FullName, "key"), "second");
        await DeployAsync("--prune");
        Assert.Equal("shop_web", await lab.DockerOkAsync("m1", "stack", "services", "shop", "--filter", "name=shop_web", "--format", "{{.Name}}"));
        Assert.Equal(["shop_key", "shop_key.2"], (await lab.DockerOkAsync("m1", "secret", "ls", "--format", "{{.Name}}")).Split('\n').Order());
        Assert.Equal("secondof nobody", (await SwarmAsync("exec", "shop_web", "cat", "/run/secrets/key", "/site")).Output);
        await DeployAsync();
        Assert.Equal("shop_key.2", await lab.DockerOkAsync("m1", "secret", "ls", "--format", "{{.Name}}"));

        var removed = await SwarmAsync("stack", "rm", "shop");
        Assert.True(removed.ExitCode == 0, removed.ToString());
        Assert.Equal("", await lab.DockerOkAsync("m1", "secret", "ls", "--quiet"));
        Assert.Equal("nothing found in stack: shop", (await SwarmAsync("stack", "rm", "shop")).Error);
    }

    [Fact]
    public async Task A_service_waits_for_the_job_that_it_depends_on_and_for_health()
    {
        Write("""
            services:
              web: {image: busybox, command: sleep infinity, stop_signal: SIGKILL, network_mode: none, depends_on: {migrate: {condition: service_completed_successfully}}}
              migrate:
                image: busybox
                command: sh -c "while [ ! -e /gate/open ]; do sleep 0.1; done"
                network_mode: none
                volumes: ["./gate:/gate"]
                deploy: {mode: replicated-job, placement: {constraints: [node.hostname==w1]}}
                depends_on: {db: {condition: service_healthy}}
              db:
                image: busybox
                command: sleep infinity
                stop_signal: SIGKILL
                network_mode: none
                volumes: ["./gate:/gate"]
                healthcheck: {test: ["CMD", "test", "-e", "/gate/healthy"], interval: 1s, start_period: 60s, start_interval: 100ms}
                deploy: {placement: {constraints: [node.hostname==w1]}}
            """);
        var gate = Directory.CreateDirectory(Path.Combine(_folder.FullName, "gate")).FullName;
        var deployed = await SwarmAsync("stack", "deploy", "-c", Compose, "--resolve-image", "never", "shop");
        Assert.True(deployed.ExitCode == 0, deployed.ToString());
        await WaitsAsync("shop_web", "waiting for service shop_migrate to complete");
        await WaitsAsync("shop_migrate", "waiting for service shop_db to be healthy");
        File.WriteAllText(Path.Combine(gate, "healthy"), "");
        await lab.RunningAsync("m1", "shop_migrate", 1);
        await WaitsAsync("shop_web", "waiting for service shop_migrate to complete");

        // Whoever leads: what is waited for stands in the store.
        await lab.Lab.KillAsync([await lab.LeaderAsync()], daemonOnly: false, CancellationToken.None);
        File.WriteAllText(Path.Combine(gate, "open"), "");
        var asked = lab.Lab.Running().First(lab.Managers.Contains);
        await lab.RunningAsync(asked, "shop_web", 1);
    }

    [Fact]
    public async Task Dockers_own_stack_command_works_and_ours_sees_its_stacks()
    {
        Write("""
            services:
              web: {image: busybox, command: sleep infinity, stop_signal: SIGKILL, networks: [none], deploy: {replicas: 2}}
            networks: {none: {external: true, name: none}}
            """);
        await lab.DockerOkAsync("m1", "stack", "deploy", "--detach=false", "--resolve-image", "never", "-c", Compose, "shop");
        Assert.Contains("shop_web", (await SwarmAsync("stack", "services", "shop")).Output, StringComparison.Ordinal);
        Assert.Equal(2, (await SwarmAsync("stack", "ps", "shop")).Output.Split('\n').Count(line => line.Contains("shop_web.", StringComparison.Ordinal)));
        await DeployAsync();
        Assert.Equal("shop_web 2/2", await lab.DockerOkAsync("m1", "stack", "services", "shop", "--format", "{{.Name}} {{.Replicas}}"));
        await lab.DockerOkAsync("m1", "stack", "rm", "shop");
    }

    private string Compose => Path.Combine(_folder.FullName, "compose.yaml");

    private void Write(string compose) => File.WriteAllText(Compose, compose);

    private async Task DeployAsync(params string[] flags)
    {
        var deployed = await SwarmAsync(["stack", "deploy", "-c", Compose, "--detach=false", "--resolve-image", "never", .. flags, "shop"]);
        Assert.True(deployed.ExitCode == 0, deployed + "\n" + lab.Logs());
    }

    private Task WaitsAsync(string service, string reason) => lab.UntilAsync($"{service} is {reason}", async () =>
        (await lab.DockerOkAsync("m1", "service", "ps", service, "--no-trunc", "--format", "{{.Error}}")).Contains(reason, StringComparison.Ordinal) ? "it is" : null);

    private Task<ShellResult> SwarmAsync(params string[] arguments) =>
        Shell.RunAsync(LabFixture.Binary, arguments, ("DOCKER_HOST", lab.Host.Paths(LabFixture.Name, lab.Lab.Running().First(lab.Managers.Contains)).DockerHost));
}
