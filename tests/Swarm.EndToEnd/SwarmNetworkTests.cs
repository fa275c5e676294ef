using System.Globalization;
using Swarm.Api.Wire;

namespace Swarm.EndToEnd;

/// <summary>Kinds of networks that services may be on, beside a plain overlay.</summary>
[Collection(LabFixture.Name)]
public sealed class SwarmNetworkTests(LabFixture lab) : IAsyncLifetime
{
    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await lab.DockerAsync("w1", "rm", "--force", "probe");
        await lab.MakeWholeAsync();
        foreach (var network in (string[])["wide", "own"])
        {
            await lab.UntilAsync($"{network} is gone", async () =>
                (await lab.DockerAsync("m1", "network", "rm", network)) is var result && (result.ExitCode == 0 || result.Error.Contains("not found")) ? "gone" : null);
        }

        foreach (var node in lab.AllNodes)
        {
            await lab.UntilAsync($"{node} has no network of that configuration", async () =>
                (await lab.DockerAsync(node, "network", "rm", "plan")) is var result && (result.ExitCode == 0 || result.Error.Contains("not found")) ? "gone" : null);
        }
    }

    [Fact]
    public async Task Tasks_in_all_subnets_of_a_network_find_and_reach_each_other()
    {
        // By the API: the docker client sends several subnets in any order, and the first is filled first.
        using (var client = lab.Lab.Connect("m1"))
        {
            var ipam = new IPAMRequest { Config = [new IPAMConfig { Subnet = "10.91.0.0/29" }, new IPAMConfig { Subnet = "10.92.0.0/24" }] };
            await client.CreateNetworkAsync(new NetworkCreateRequest { Name = "wide", Driver = "overlay", Attachable = true, IPAM = ipam }, CancellationToken.None);
        }

        Assert.Equal("10.91.0.0/29 10.92.0.0/24 ", await lab.DockerOkAsync("m1", "network", "inspect", "--format", "{{range .IPAM.Config}}{{.Subnet}} {{end}}", "wide"));
        await CreateAsync("wide", "--replicas", "7");
        await lab.RunningAsync("m1", "web", 7);
        await lab.DockerOkAsync("w1", "run", "--detach", "--name", "probe", "--network", "wide", "--ip", "10.92.0.99", "--init", "busybox", "sleep", "infinity");
        var addresses = await lab.UntilAsync("all tasks are found", async () =>
        {
            var found = (await lab.DockerAsync("w1", "exec", "probe", "nslookup", "-type=a", "tasks.web")).Output.Split('\n')
                .Where(line => line.StartsWith("Address: 10.9", StringComparison.Ordinal)).Select(line => line["Address: ".Length..].Trim()).ToList();
            return found.Count == 7 ? found : null;
        });
        Assert.Equal((4, 3), (addresses.Count(address => address.StartsWith("10.91.0.", StringComparison.Ordinal)), addresses.Count(address => address.StartsWith("10.92.0.", StringComparison.Ordinal))));
        foreach (var address in addresses)
        {
            await lab.DockerOkAsync("w1", "exec", "probe", "ping", "-c", "1", "-W", "5", address);
        }

        var answer = await lab.DockerOkAsync("w1", "exec", "probe", "sh", "-c", "printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 5 web 80 | head -n 1");
        Assert.StartsWith("HTTP/1", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_node_makes_a_network_of_its_own_configuration_for_tasks_and_removes_it_after_the_last()
    {
        var third = 0;
        foreach (var node in lab.AllNodes)
        {
            await lab.DockerOkAsync(node, "network", "create", "--config-only", "--subnet", $"10.93.{third++}.0/24", "plan");
        }

        await lab.DockerOkAsync("m1", "network", "create", "--driver", "bridge", "--scope", "swarm", "--attachable", "--config-from", "plan", "own");
        Assert.Equal("bridge swarm", await lab.DockerOkAsync("m1", "network", "ls", "--filter", "name=own", "--format", "{{.Driver}} {{.Scope}}"));
        await CreateAsync("own", "--mode", "global");
        await lab.RunningAsync("m1", "web", lab.AllNodes.Count);
        for (var i = 0; i < lab.AllNodes.Count; i++)
        {
            var task = await lab.DockerOkAsync(lab.AllNodes[i], "ps", "--quiet", "--filter", "label=com.docker.swarm.service.name=web");
            Assert.StartsWith(string.Create(CultureInfo.InvariantCulture, $"10.93.{i}."), await lab.DockerOkAsync(lab.AllNodes[i], "inspect", "--format", "{{.NetworkSettings.Networks.own.IPAddress}}", task), StringComparison.Ordinal);
        }

        await lab.DockerOkAsync("w1", "run", "--detach", "--name", "probe", "--network", "own", "--init", "busybox", "sleep", "infinity");
        await lab.Lab.KillAsync(["w1"], daemonOnly: true, CancellationToken.None);
        await lab.Lab.RestartAsync(["w1"], CancellationToken.None);
        await lab.DockerOkAsync("m1", "service", "rm", "web");
        await lab.UntilAsync("w2 has no such network any more", async () => await NetworkOfAsync("w2") is "" ? "gone" : null);
        Assert.Equal("own", await NetworkOfAsync("w1"));
        Assert.StartsWith("10.93.", await lab.DockerOkAsync("w1", "exec", "probe", "sh", "-c", "ip -o -4 addr show eth0 | awk '{print $4}'"), StringComparison.Ordinal);
        await lab.DockerOkAsync("w1", "rm", "--force", "probe");
        await lab.UntilAsync("w1 has no such network any more", async () => await NetworkOfAsync("w1") is "" ? "gone" : null);
    }

    [Fact]
    public async Task Services_may_be_on_the_networks_that_every_node_has()
    {
        await CreateAsync("host", "--replicas", "1", "--constraint", "node.hostname==w1");
        await lab.RunningAsync("m1", "web", 1);
        var task = await lab.DockerOkAsync("w1", "ps", "--quiet", "--filter", "label=com.docker.swarm.service.name=web");
        Assert.Equal("host", await lab.DockerOkAsync("w1", "inspect", "--format", "{{.HostConfig.NetworkMode}}", task));
        await lab.DockerOkAsync("m1", "service", "rm", "web");
        foreach (var network in (string[])["bridge", "none"])
        {
            await lab.DockerOkAsync("m1", "service", "create", "--quiet", "--name", network, "--network", network, "--stop-signal", "KILL", "busybox", "sleep", "infinity");
            await lab.RunningAsync("m1", network, 1);
        }
    }

    private Task<string> CreateAsync(string network, params string[] flags) => lab.DockerOkAsync(
        "m1", ["service", "create", "--quiet", "--detach", "--name", "web", "--network", network, "--stop-signal", "KILL", .. flags, "busybox", "httpd", "-f", "-p", "80"]);

    private Task<string> NetworkOfAsync(string node) => lab.DockerOkAsync(node, "network", "ls", "--filter", "name=own", "--format", "{{.Name}}");
}
