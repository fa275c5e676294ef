using System.Globalization;

namespace Swarm.EndToEnd;

/// <summary>Networks across nodes: names, virtual addresses and published ports, while tasks and nodes come and go.</summary>
[Collection(LabFixture.Name)]
public sealed class OverlayTests(LabFixture lab) : IAsyncLifetime
{
    private const int Port = 8080;

    /// <summary>Says who it is and who asks; told to stop, it ends what it has begun.</summary>
    private const string Server =
        "trap 'sleep 1; exit 0' TERM; mkdir -p /www/cgi-bin; printf '#!/bin/sh\\necho; echo $(hostname) $REMOTE_ADDR\\n' > /www/cgi-bin/who; chmod +x /www/cgi-bin/who; "
        + "httpd -f -p 80 -h /www & wait";

    /// <summary>Somebody listens at port 80. Without it a task would take requests from its start, before its server does.</summary>
    private const string Listens = "grep -q ':0050 .* 0A ' /proc/net/tcp /proc/net/tcp6";

    public async Task InitializeAsync() => await lab.DockerOkAsync("m1", "network", "create", "--driver", "overlay", "--attachable", "front");

    public async Task DisposeAsync()
    {
        await lab.MakeWholeAsync();
        await lab.DockerAsync("w1", "rm", "--force", "probe");
        await lab.UntilAsync("the network is gone", async () => (await lab.DockerAsync("m1", "network", "rm", "front")) is var result && (result.ExitCode == 0 || result.Error.Contains("not found")) ? "gone" : null);
    }

    [Fact]
    public async Task Service_is_found_by_name_by_address_and_at_every_node_by_its_port()
    {
        await ServeAsync(replicas: 3);
        await lab.DockerOkAsync("w1", "run", "--detach", "--name", "probe", "--network", "front", "--init", "busybox", "sleep", "infinity");
        var vip = (await lab.DockerOkAsync("m1", "service", "inspect", "web", "--format", "{{range .Endpoint.VirtualIPs}}{{.Addr}} {{end}}")).Split(' ').Select(cidr => cidr.Split('/')[0]).ToList();
        Assert.Contains(vip, (await ProbeAsync("nslookup", "web")).Contains);
        var tasks = await ProbeAsync("nslookup", "tasks.web");
        Assert.Equal(3, tasks.Split('\n').Count(line => line.StartsWith("Address:", StringComparison.Ordinal) && !line.Contains("127.0.0.11")));
        var answered = new HashSet<string>();
        await lab.UntilAsync("all three answer by the name", async () =>
        {
            answered.Add((await ProbeAsync("sh", "-c", "printf 'GET /cgi-bin/who HTTP/1.0\r\n\r\n' | nc -w 3 web 80 | tail -n 1")).Split(' ')[0]);
            return answered.Count == 3 ? "all" : null;
        });

        using var m1 = Requests("m1");
        foreach (var node in lab.AllNodes)
        {
            Assert.EndsWith($":{AddressOf("m1")}]", await m1.GetAsync(AddressOf(node), Port, "/cgi-bin/who"), StringComparison.Ordinal); // [::ffff:10.77.0.11]
        }
    }

    [Fact]
    public async Task No_request_fails_while_a_service_is_replaced_and_the_leader_dies()
    {
        await ServeAsync(replicas: 3);
        using var w1 = Requests("w1");
        var leader = await lab.LeaderAsync();
        await using (var load = new RequestLoad(w1, [.. lab.AllNodes.Select(AddressOf)], Port, "/cgi-bin/who"))
        {
            await lab.DockerOkAsync("m1", "service", "update", "--quiet", "--force", "web");
            await lab.DockerOkAsync("m1", "service", "scale", "web=6");
            await lab.DockerOkAsync("m1", "service", "scale", "web=2");
            await load.StopAsync();
            Assert.True(load.Failures.IsEmpty, $"{load.Failures.Count} of {load.Answered}: {string.Join("; ", load.Failures.Take(8))}\n{lab.Logs()}");
            Assert.True(load.Answered > 50, load.Answered.ToString(CultureInfo.InvariantCulture));
        }

        await lab.Lab.KillAsync([leader], daemonOnly: true, CancellationToken.None);
        await using (var load = new RequestLoad(w1, [.. lab.AllNodes.Select(AddressOf)], Port, "/cgi-bin/who"))
        {
            await lab.LeaderAsync(leader);
            await lab.Lab.RestartAsync([leader], CancellationToken.None);
            await lab.DockerOkAsync(leader, "service", "update", "--quiet", "--force", "web");
            await load.StopAsync();
            Assert.True(load.Failures.IsEmpty, $"{load.Failures.Count} of {load.Answered}: {string.Join("; ", load.Failures.Take(8))}\n{lab.Logs()}");
        }
    }

    [Fact]
    public async Task A_container_that_is_renamed_is_found_by_its_new_name_on_every_node()
    {
        await lab.DockerOkAsync("w1", "run", "--detach", "--name", "probe", "--network", "front", "--network-alias", "kept", "--init", "busybox", "sleep", "infinity");
        await lab.DockerOkAsync("w2", "run", "--detach", "--rm", "--name", "asker", "--network", "front", "--init", "busybox", "sleep", "infinity");
        try
        {
            await lab.UntilAsync("the container is found", () => FoundAsync("w2", "asker", "probe"));
            await lab.DockerOkAsync("w1", "rename", "probe", "other");
            Assert.Equal("found", await FoundAsync("w1", "other", "other"));
            Assert.Null(await FoundAsync("w1", "other", "probe"));
            await lab.UntilAsync("it is found by its new name", () => FoundAsync("w2", "asker", "other"));
            Assert.Null(await FoundAsync("w2", "asker", "probe"));
            Assert.Equal("found", await FoundAsync("w2", "asker", "kept"));

            await lab.Lab.KillAsync(lab.Managers, daemonOnly: true, CancellationToken.None);
            await lab.DockerOkAsync("w1", "rename", "other", "probe");
            await lab.Lab.RestartAsync(lab.Managers, CancellationToken.None);
            await lab.UntilAsync("it has its first name again", () => FoundAsync("w2", "asker", "probe"));
            Assert.Null(await FoundAsync("w2", "asker", "other"));
        }
        finally
        {
            await lab.DockerAsync("w1", "rm", "--force", "other");
            await lab.DockerAsync("w2", "rm", "--force", "asker");
        }
    }

    [Fact]
    public async Task Settings_of_a_container_that_does_not_run_are_those_of_the_last_connection()
    {
        await lab.DockerOkAsync("w1", "create", "--name", "probe", "--network", "front", "--init", "busybox", "sleep", "infinity");
        await lab.DockerOkAsync("w1", "network", "connect", "--alias", "aaa", "front", "probe");
        await lab.DockerOkAsync("w1", "start", "probe");
        var twice = await lab.DockerAsync("w1", "network", "connect", "front", "probe");
        Assert.Contains("probe is already attached to network front", twice.Error, StringComparison.Ordinal);
        const string aliases = "{{.NetworkSettings.Networks.front.Aliases}}";
        var id = (await lab.DockerOkAsync("w1", "inspect", "--format", "{{.Id}}", "probe"))[..12];
        Assert.Equal("[aaa]", await lab.DockerOkAsync("w1", "inspect", "--format", aliases, "probe"));
        var older = await Shell.RunAsync("docker", ["inspect", "--format", aliases, "probe"], ("DOCKER_HOST", lab.Host.Paths(LabFixture.Name, "w1").DockerHost), ("DOCKER_API_VERSION", "1.43"));
        Assert.Equal($"[aaa {id}]", older.Output.Trim());
        Assert.Equal("found", await FoundAsync("w1", "probe", "aaa"));
    }

    [Fact]
    public async Task Killed_worker_is_left_out_and_its_tasks_are_found_elsewhere()
    {
        await ServeAsync(replicas: 4, "--constraint", "node.role==worker");
        await lab.Lab.KillAsync(["w2"], daemonOnly: false, CancellationToken.None);
        using var m1 = Requests("m1");
        await lab.UntilAsync("twenty requests in a row are answered", async () =>
        {
            for (var request = 0; request < 20; request++)
            {
                try
                {
                    await m1.GetAsync(AddressOf("m2"), Port, "/cgi-bin/who");
                }
                catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
                {
                    return null;
                }
            }

            return "answered";
        });
        var w2 = await lab.DockerOkAsync("m1", "node", "inspect", "w2", "--format", "{{.ID}}");
        await lab.RunningAsync("m1", "web", 4, task => task.NodeID != w2);
    }

    private async Task ServeAsync(int replicas, params string[] flags)
    {
        await lab.DockerOkAsync(
            "m1", ["service", "create", "--quiet", "--name", "web", "--replicas", replicas.ToString(CultureInfo.InvariantCulture), "--network", "front", "--publish", $"{Port}:80",
            "--update-delay", "0s", "--health-cmd", Listens, "--health-interval", "200ms", .. flags, "busybox", "sh", "-c", Server]);
        await lab.RunningAsync("m1", "web", replicas);
    }

    private Task<string> ProbeAsync(params string[] command) => lab.DockerOkAsync("w1", ["exec", "probe", .. command]);

    private async Task<string?> FoundAsync(string node, string container, string name) =>
        (await lab.DockerAsync(node, "exec", container, "nslookup", "-type=a", name)).ExitCode == 0 ? "found" : null;

    private string AddressOf(string node) => lab.Lab.Endpoints().Single(one => one.Node == node).Address;

    private NodeRequests Requests(string node) => new("/run/netns/" + lab.Lab.Paths(node).Namespace);
}
