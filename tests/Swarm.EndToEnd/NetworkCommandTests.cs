namespace Swarm.EndToEnd;

/// <summary>The docker client's commands for one node's networks, as a user types them: everything in one daemon, to stay short.</summary>
[Collection(LabFixture.Name)]
public sealed class NetworkCommandTests(LabFixture lab) : IAsyncLifetime
{
    private const string Node = "m1";

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        var all = await DockerAsync("ps", "-aq", "--filter", "label=e2e");
        if (all.Length > 0)
        {
            await DockerAsync(["rm", "-fv", .. all.Split('\n')]);
        }

        await DockerAsync("network", "prune", "-f", "--filter", "label=e2e");
    }

    [Fact]
    public async Task Containers_of_a_user_network_find_each_other_by_name_alias_and_address()
    {
        await CreateAsync("front");
        await RunAsync("web", ["--network", "front", "--network-alias", "www"], "httpd", "-f", "-p", "80");
        await RunAsync("asker", ["--network", "front"], "sleep", "1000");
        await DockerAsync("exec", "web", "sh", "-c", "echo found > /index.html");
        var address = await InspectAsync("web", "{{.NetworkSettings.Networks.front.IPAddress}}");
        foreach (var name in (string[])["web", "www", "web.front", (await InspectAsync("web", "{{.Id}}"))[..12]])
        {
            Assert.Equal("found", await DockerAsync("exec", "asker", "wget", "-qO-", $"http://{name}/"));
        }

        Assert.Contains("web.front", await DockerAsync("exec", "asker", "nslookup", address), StringComparison.Ordinal);
        Assert.Equal("nameserver 127.0.0.11", (await DockerAsync("exec", "asker", "cat", "/etc/resolv.conf")).Split('\n')[0]);
        Assert.Equal("[web www " + (await InspectAsync("web", "{{.Id}}"))[..12] + "]", await InspectAsync("web", "{{.NetworkSettings.Networks.front.DNSNames}}"));
        await DockerAsync("rename", "web", "site");
        Assert.Equal("found", await DockerAsync("exec", "asker", "wget", "-qO-", "http://site/"));
        Assert.NotEqual(0, (await lab.DockerAsync(Node, "exec", "asker", "nslookup", "web")).ExitCode);
    }

    [Fact]
    public async Task A_container_is_connected_and_disconnected_while_it_runs_and_while_it_is_stopped()
    {
        await CreateAsync("front");
        await CreateAsync("back", "--subnet", "10.210.0.0/24", "--ip-range", "10.210.0.128/25", "--gateway", "10.210.0.1");
        await RunAsync("web", ["--network", "front"], "sleep", "1000");
        await RunAsync("db", ["--network", "back", "--ip", "10.210.0.7", "--mac-address", "02:00:00:00:00:07"], "sleep", "1000");
        Assert.Equal("10.210.0.7 02:00:00:00:00:07", await InspectAsync("db", "{{.NetworkSettings.Networks.back.IPAddress}} {{.NetworkSettings.Networks.back.MacAddress}}"));
        Assert.NotEqual(0, (await lab.DockerAsync(Node, "exec", "web", "ping", "-c", "1", "-W", "1", "10.210.0.7")).ExitCode);

        await DockerAsync("network", "connect", "--alias", "w", "back", "web");
        await DockerAsync("exec", "web", "ping", "-c", "1", "-W", "5", "db");
        await DockerAsync("exec", "db", "ping", "-c", "1", "-W", "5", "w");
        Assert.Contains("10.210.0.128\t", await DockerAsync("exec", "web", "cat", "/etc/hosts"), StringComparison.Ordinal);
        Assert.Equal("web", await DockerAsync("network", "inspect", "-f", "{{range .Containers}}{{if ne .Name \"db\"}}{{.Name}}{{end}}{{end}}", "back"));
        Assert.Equal("db\nweb", Sorted(await DockerAsync("ps", "--filter", "network=back", "--format", "{{.Names}}")));

        await DockerAsync("network", "disconnect", "back", "web");
        Assert.DoesNotContain("10.210.0.128", await DockerAsync("exec", "web", "cat", "/etc/hosts"), StringComparison.Ordinal);
        await DockerAsync("stop", "-t", "0", "web");
        await DockerAsync("network", "connect", "back", "web");
        await DockerAsync("network", "disconnect", "front", "web");
        await DockerAsync("start", "web");
        await DockerAsync("exec", "web", "ping", "-c", "1", "-W", "5", "db");
        Assert.Equal("back ", await InspectAsync("web", "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}"));
    }

    [Fact]
    public async Task Refusals_are_Dockers()
    {
        await CreateAsync("front", "--subnet", "10.211.0.0/16");
        await RunAsync("web", ["--network", "front"], "sleep", "1000");
        await RefusedAsync("network with name front already exists", "network", "create", "front");
        await RefusedAsync("invalid pool request: Pool overlaps with other one on this address space", "network", "create", "--subnet", "10.211.3.0/24", "other");
        await RefusedAsync("has active endpoints (name:\"web\" id:", "network", "rm", "front");
        await RefusedAsync("bridge is a pre-defined network and cannot be removed", "network", "rm", "bridge");
        await RefusedAsync("operation is not permitted on predefined none network", "network", "create", "none");
        await RefusedAsync("network nope not found", "network", "inspect", "nope");
        await RefusedAsync("network nope not found", "run", "--rm", "--label", "e2e", "--network", "nope", "busybox", "true");
        await RefusedAsync("user specified IP address is supported on user defined networks only", "run", "--rm", "--ip", "172.17.0.99", "busybox", "true");
        await RefusedAsync("Address already in use", "run", "--rm", "--label", "e2e", "--network", "front", "--ip", await InspectAsync("web", "{{.NetworkSettings.Networks.front.IPAddress}}"), "busybox", "true");
        await RefusedAsync("endpoint with name web already exists in network front", "network", "connect", "front", "web");
        await RefusedAsync("is not connected to network bridge", "network", "disconnect", "bridge", "web");
        await RefusedAsync("networks of the driver ipvlan are not built", "network", "create", "-d", "ipvlan", "other");
    }

    [Fact]
    public async Task Lists_filters_events_and_prune()
    {
        var id = await CreateAsync("front", "--label", "tier=1", "--opt", "com.docker.network.driver.mtu=1400");
        await CreateAsync("back", "--internal");
        Assert.Equal("back\nfront", Sorted(await DockerAsync("network", "ls", "--filter", "label=e2e", "--format", "{{.Name}}")));
        Assert.Equal("front", await DockerAsync("network", "ls", "--filter", "label=tier=1", "--format", "{{.Name}}"));
        Assert.Equal("front", await DockerAsync("network", "ls", "--filter", "id=" + id[..12], "--filter", "type=custom", "--filter", "driver=bridge", "--format", "{{.Name}}"));
        Assert.Equal("bridge\nhost\nnone", Sorted(await DockerAsync("network", "ls", "--filter", "type=builtin", "--format", "{{.Name}}")));
        await RunAsync("web", ["--network", "front"], "sleep", "1000");
        Assert.Contains("mtu 1400", await DockerAsync("exec", "web", "ip", "link", "show", "eth0"), StringComparison.Ordinal);
        Assert.Equal("back", await DockerAsync("network", "ls", "--filter", "label=e2e", "--filter", "dangling=true", "--format", "{{.Name}}"));
        Assert.Contains("back", await DockerAsync("network", "prune", "-f", "--filter", "label=e2e"), StringComparison.Ordinal);
        await DockerAsync("rm", "-f", "web");
        Assert.Equal(id[..12], await DockerAsync("network", "rm", id[..12]));
        // The client rounds a relative time down to the second: until now would leave out what has just happened.
        var events = await DockerAsync("events", "--since", "5m", "--until=-1s", "--filter", "type=network", "--format", "{{.Action}} {{.Actor.Attributes.name}}");
        foreach (var happened in (string[])["create front", "connect front", "disconnect front", "destroy front", "destroy back"])
        {
            Assert.Contains(happened, events.Split('\n'));
        }
    }

    [Fact]
    public async Task Networks_containers_names_and_ports_are_there_after_a_power_cut_of_the_daemon()
    {
        await CreateAsync("front", "--ipv6", "--subnet", "10.212.0.0/24", "--subnet", "fd12:12::/64");
        await RunAsync("web", ["--network", "front", "-p", "18080:80"], "httpd", "-f", "-p", "80");
        await RunAsync("asker", ["--network", "front"], "sleep", "1000");
        await DockerAsync("exec", "web", "sh", "-c", "echo still > /index.html");
        Assert.Equal("80/tcp -> 0.0.0.0:18080\n80/tcp -> [::]:18080", await DockerAsync("port", "web"));
        var before = await DockerAsync("network", "inspect", "-f", "{{.Id}} {{.Created}} {{.IPAM.Config}}", "front");
        await DockerAsync("exec", "asker", "ping", "-6", "-c", "1", "-W", "5", "web");

        await lab.Lab.KillAsync([Node], daemonOnly: true, CancellationToken.None);
        await lab.Lab.RestartAsync([Node], CancellationToken.None);
        Assert.Equal(before, await DockerAsync("network", "inspect", "-f", "{{.Id}} {{.Created}} {{.IPAM.Config}}", "front"));
        Assert.Equal("still", await DockerAsync("exec", "asker", "wget", "-qO-", "http://web/"));
        var gateway = await InspectAsync("asker", "{{.NetworkSettings.Networks.front.Gateway}}");
        Assert.Equal("still", await DockerAsync("exec", "asker", "wget", "-qO-", $"http://{gateway}:18080/"));
        await DockerAsync("network", "disconnect", "front", "asker");
        await DockerAsync("restart", "-t", "0", "web");
        Assert.Equal("80/tcp -> 0.0.0.0:18080\n80/tcp -> [::]:18080", await DockerAsync("port", "web"));
    }

    [Fact]
    public async Task Links_and_hosts_of_the_default_network()
    {
        await RunAsync("mysql", ["--expose", "3306", "-e", "KEY=value"], "sleep", "1000");
        await RunAsync("app", ["--link", "mysql:db", "--add-host", "up:host-gateway", "--add-host", "there:192.0.2.9"], "sleep", "1000");
        var address = await InspectAsync("mysql", "{{.NetworkSettings.IPAddress}}");
        var hosts = await DockerAsync("exec", "app", "cat", "/etc/hosts");
        Assert.Contains($"{address}\tdb ", hosts, StringComparison.Ordinal);
        Assert.Contains("192.0.2.9\tthere", hosts, StringComparison.Ordinal);
        Assert.Contains(await InspectAsync("app", "{{.NetworkSettings.Gateway}}") + "\tup", hosts, StringComparison.Ordinal);
        var variables = await DockerAsync("exec", "app", "env");
        Assert.Contains($"DB_PORT_3306_TCP=tcp://{address}:3306", variables, StringComparison.Ordinal);
        Assert.Contains("DB_ENV_KEY=value", variables, StringComparison.Ordinal);
        Assert.Equal("[/mysql:/app/db]", await InspectAsync("app", "{{.HostConfig.Links}}"));
        await DockerAsync("exec", "app", "ping", "-c", "1", "-W", "5", "db");
        Assert.Equal("/mysql", await DockerAsync("inspect", "-f", "{{.Name}}", "app/db"));
        await DockerAsync("rm", "--link", "/app/db");
        Assert.Equal("[]", await InspectAsync("app", "{{.HostConfig.Links}}"));
    }

    private Task<string> DockerAsync(params string[] arguments) => lab.DockerOkAsync(Node, arguments);

    private Task<string> CreateAsync(string name, params string[] options) => DockerAsync(["network", "create", "--label", "e2e", .. options, name]);

    private Task<string> RunAsync(string name, string[] options, params string[] command) =>
        DockerAsync(["run", "-d", "--name", name, "--label", "e2e", .. options, "busybox", .. command]);

    private Task<string> InspectAsync(string container, string format) => DockerAsync("container", "inspect", "-f", format, container);

    private async Task RefusedAsync(string because, params string[] arguments)
    {
        var result = await lab.DockerAsync(Node, arguments);
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(because, result.Error, StringComparison.Ordinal);
    }

    private static string Sorted(string lines) => string.Join('\n', lines.Split('\n').Order(StringComparer.Ordinal));
}
