using System.Net;
using Swarm.Linux;
using Swarm.Networking.Bridge;
using Swarm.Networking.Netlink;
using Swarm.Networking.Ports;

namespace Swarm.Networking.Tests.Bridge;

/// <summary>Attachments over time: repeated, restarted, torn down, with the rules disturbed from outside.</summary>
public sealed class LifeTests
{
    private static readonly PortMapping Web = new("tcp", 80, null, 8080);

    [Fact]
    public async Task Attaching_again_finds_what_is_there()
    {
        await using var net = await Topology.StartAsync();
        var first = await net.Bridge.AttachAsync("a", "a", [Web], default);
        Assert.Same(first, await net.Bridge.AttachAsync("a", "a", [Web], default));
        Assert.Equal(IPAddress.Parse("172.17.0.2"), first.Address);
        Assert.Equal("02:42:ac:11:00:02", first.MacText);
        using var ns = net.Open("a");
        using var route = RouteSocket.In(ns);
        var eth0 = route.FindLink("eth0")!;
        Assert.Equal((true, first.Mac), (eth0.IsUp, eth0.Mac));
        Assert.Contains(new Route(null, IPAddress.Parse("172.17.0.1"), eth0.Index), route.Routes());
        Assert.True(route.FindLink("lo")!.IsUp);
    }

    [Fact]
    public async Task Detaching_frees_everything_and_is_safe_to_repeat()
    {
        await using var net = await Topology.StartAsync();
        await net.Bridge.AttachAsync("a", "a", [Web], default);
        await net.Bridge.DetachAsync("a", default);
        await net.Bridge.DetachAsync("a", default);
        Assert.False(File.Exists(net.Bridge.NamespacePath("a")));
        Assert.Empty(net.Bridge.Sandboxes);
        Assert.DoesNotContain("8080", net.Nft("list", "ruleset"));
        await net.Bridge.AttachAsync("a", "a", [Web], default);
        Assert.Contains("8080", net.Nft("list", "ruleset"));
    }

    [Fact]
    public async Task Restarted_daemon_finds_addresses_ports_and_connections_again()
    {
        await using var net = await Topology.StartAsync();
        var a = await net.Bridge.AttachAsync("a", "a", [Web], default);
        await net.Bridge.AttachNoneAsync("n", default);
        net.Serve("a", 80);
        await net.StopAsync();
        Assert.StartsWith("a ", Topology.Ask(net.Outside, Topology.HostAddress, 8080));

        await net.RestartAsync();
        Assert.Equal(["a", "n"], net.Bridge.Sandboxes.Keys.Order());
        Assert.StartsWith("a ", Topology.Ask(net.Outside, Topology.HostAddress, 8080));
        var b = await net.Bridge.AttachAsync("b", "b", [], default);
        Assert.NotEqual(a.Address, b.Address);
        var taken = await Assert.ThrowsAsync<NetworkFault>(() => net.Bridge.AttachAsync("c", "c", [Web], default));
        Assert.EndsWith("Bind for 0.0.0.0:8080 failed: port is already allocated", taken.Message);
        Assert.Equal((a.EndpointId, a.Address, a.MacText), net.Bridge.Sandboxes["a"].Endpoints[0] is var again ? (again.EndpointId, again.Address, again.MacText) : default);
        Assert.Equal(Web with { HostAddress = IPAddress.Any }, Assert.Single(net.Bridge.Sandboxes["a"].Ports));
    }

    [Fact]
    public async Task Restarted_daemon_removes_what_belongs_to_no_container()
    {
        await using var net = await Topology.StartAsync();
        await net.Bridge.AttachAsync("gone", "gone", [Web], default);
        await net.Bridge.AttachAsync("kept", "kept", [], default);
        await net.StopAsync();
        NetworkNamespace.Delete(net.Bridge.NamespacePath("gone"));
        var stray = net.Bridge.NamespacePath("stray");
        NetworkNamespace.Create(stray).Dispose();
        net.Nft("add element inet swarm_swarm0 published { tcp . 9 : 172.17.0.9 . 9 }".Split(' '));

        await net.RestartAsync();
        Assert.Equal(["kept"], net.Bridge.Sandboxes.Keys);
        Assert.False(File.Exists(stray));
        Assert.DoesNotContain("tcp . ", net.Nft("list", "ruleset"));
    }

    /// <summary>A kill between any two steps of an attachment leaves a namespace without a file, with or without its links.</summary>
    [Fact]
    public async Task Half_made_attachment_is_removed_by_the_next_start_and_its_address_given_again()
    {
        await using var net = await Topology.StartAsync();
        await net.StopAsync();
        var half = net.Bridge.NamespacePath("half");
        using (var ns = NetworkNamespace.Create(half))
        using (var route = RouteSocket.In(net.Host))
        {
            route.AddVeth(new VethPair("sv0123456789ab", route.FindLink("swarm0")!.Index, 0, "eth0", null), ns);
        }

        await net.RestartAsync();
        Assert.False(File.Exists(half));
        using (var route = RouteSocket.In(net.Host))
        {
            Assert.Null(route.FindLink("sv0123456789ab"));
        }

        Assert.Equal(IPAddress.Parse("172.17.0.2"), (await net.Bridge.AttachAsync("half", "half", [], default)).Address);
    }

    [Fact]
    public async Task Containers_that_do_not_run_any_more_are_detached_when_the_daemon_says_which_do()
    {
        await using var net = await Topology.StartAsync();
        await net.Bridge.AttachAsync("a", "a", [Web], default);
        await net.Bridge.AttachAsync("b", "b", [], default);
        await net.Bridge.RetainAsync(new HashSet<string> { "b" }, default);
        Assert.Equal(["b"], net.Bridge.Sandboxes.Keys);
        Assert.False(File.Exists(net.Bridge.NamespacePath("a")));
    }

    [Fact]
    public async Task Bridge_deleted_while_the_daemon_was_away_is_made_again_under_running_containers()
    {
        await using var net = await Topology.StartAsync();
        await net.Bridge.AttachAsync("a", "a", [Web], default);
        net.Serve("a", 80);
        await net.StopAsync();
        using (var route = RouteSocket.In(net.Host))
        {
            route.DeleteLink("swarm0");
        }

        await net.RestartAsync();
        Assert.StartsWith("a ", Topology.Ask(net.Outside, Topology.HostAddress, 8080));
    }

    [Fact]
    public async Task Killed_nft_is_started_again_by_the_next_change_which_is_not_lost()
    {
        await using var net = await Topology.StartAsync();
        await net.Bridge.AttachAsync("a", "a", [Web], default);
        net.Serve("a", 80);
        KillNft(net.Host);
        await net.Bridge.AttachAsync("b", "b", [Web with { HostPort = 8081 }], default);
        net.Serve("b", 80);
        Assert.StartsWith("a ", Topology.Ask(net.Outside, Topology.HostAddress, 8080));
        Assert.StartsWith("b ", Topology.Ask(net.Outside, Topology.HostAddress, 8081));
        await net.Bridge.DetachAsync("b", default);
        KillNft(net.Host);
        await net.Bridge.DetachAsync("a", default);
        Assert.DoesNotContain("8080", net.Nft("list", "ruleset"));
    }

    [Theory]
    [InlineData("flush", "ruleset")]
    [InlineData("flush", "table", "inet", "swarm_swarm0")]
    [InlineData("delete", "table", "inet", "swarm_swarm0")]
    [InlineData("flush", "chain", "inet", "swarm_swarm0", "prerouting")]
    public async Task Rules_that_somebody_takes_away_are_put_back(params string[] nft)
    {
        await using var net = await Topology.StartAsync();
        await net.Bridge.AttachAsync("a", "a", [Web], default);
        net.Serve("a", 80);
        var before = net.Nft("list", "ruleset");
        net.Nft(nft);
        await UntilAsync(() => net.Nft("list", "ruleset"), before);
        Assert.StartsWith("a ", Topology.Ask(net.Outside, Topology.HostAddress, 8080));
    }

    [Fact]
    public async Task Bridge_that_somebody_deletes_is_made_again_under_running_containers()
    {
        await using var net = await Topology.StartAsync();
        await net.Bridge.AttachAsync("a", "a", [Web], default);
        await net.Bridge.AttachAsync("b", "b", [], default);
        net.Serve("a", 80);
        using (var route = RouteSocket.In(net.Host))
        {
            route.DeleteLink("swarm0");
            await UntilAsync(() => $"{route.FindLink(net.Bridge.Sandboxes["a"].Endpoints[0].HostLink)!.MasterIndex > 0}", "True");
        }

        await net.Bridge.AttachAsync("c", "c", [], default);
        Assert.StartsWith("a ", Topology.Ask(net.Outside, Topology.HostAddress, 8080));
        Assert.StartsWith("a ", net.Ask("c", "172.17.0.2", 80));
        Assert.StartsWith("a ", net.Ask("b", "172.17.0.2", 80));
    }

    private static async Task UntilAsync(Func<string> seen, string wanted)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (seen() is var now && now != wanted)
        {
            Assert.False(deadline.IsCancellationRequested, $"last seen: {now}\nwanted: {wanted}");
            await Task.Delay(20);
        }
    }

    private static void KillNft(NetworkNamespace host)
    {
        var there = host.Run(() => new FileInfo("/proc/thread-self/ns/net").LinkTarget);
        var nft = System.Diagnostics.Process.GetProcessesByName("nft")
            .Single(process => new FileInfo($"/proc/{process.Id}/ns/net").LinkTarget == there);
        nft.Kill();
        nft.WaitForExit();
    }

    [Fact]
    public async Task Teardown_leaves_nothing()
    {
        await using var net = await Topology.StartAsync();
        await net.Bridge.AttachAsync("a", "a", [Web], default);
        await net.Bridge.AttachNoneAsync("n", default);
        await net.Bridge.TeardownAsync(default);
        using var route = RouteSocket.In(net.Host);
        Assert.Null(route.FindLink("swarm0"));
        Assert.Equal("", net.Nft("list", "ruleset"));
        Assert.Empty(Directory.EnumerateFileSystemEntries(net.Options.RunFolder));
    }

    [Fact]
    public async Task Two_daemons_share_a_namespace_without_sharing_anything()
    {
        await using var net = await Topology.StartAsync();
        var options = net.Options with { RunFolder = net.Options.RunFolder + "2", LinkName = "swarm1", InstanceId = "node-2" };
        await using var other = await BridgeNetworks.StartAsync(
            options, net.Host, TimeProvider.System, new Random(8), Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance, default);
        await net.Bridge.AttachAsync("a", "a", [Web], default);
        var b = await other.AttachAsync("b", "b", [Web with { HostPort = 8081 }], default);
        Assert.StartsWith("172.18.", b.Address!.ToString());
        net.Serve("a", 80);
        using (var ns = NetworkNamespace.Open(other.NamespacePath("b")))
        {
            net.Serve(ns, 80, "b");
        }

        Assert.StartsWith("b ", Topology.Ask(net.Outside, Topology.HostAddress, 8081));
        var taken = await Assert.ThrowsAsync<NetworkFault>(() => other.AttachAsync("c", "c", [Web], default));
        Assert.EndsWith("address already in use", taken.Message);
        await other.TeardownAsync(default);
        Assert.StartsWith("a ", Topology.Ask(net.Outside, Topology.HostAddress, 8080));
    }

    [Fact]
    public async Task Predefined_networks_keep_their_ids_and_show_their_members()
    {
        await using var net = await Topology.StartAsync();
        await net.Bridge.AttachAsync("a", "a", [], default);
        var before = Networks();
        Assert.InRange(before[0].Created, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow);
        await net.RestartAsync();
        Assert.Equal(before.Select(network => (network.Name, network.Id, network.Created)), Networks().Select(network => (network.Name, network.Id, network.Created)));
        Assert.Equal([("bridge", "bridge"), ("host", "host"), ("none", "null")], Networks().Select(network => (network.Name, network.Driver)));
        Assert.Equal(3, before.Select(network => network.Id).Distinct().Count());
        Assert.Equal(IPNetwork.Parse("172.17.0.0/16"), Networks()[0].Pools[0].Subnet);
        Assert.NotNull(net.Bridge.Sandboxes["a"].On(net.Bridge.DefaultId));

        List<Networking.Networks.NetworkRecord> Networks() => [.. net.Bridge.Records.Values.OrderBy(network => network.Name, StringComparer.Ordinal)];
    }

    [Fact]
    public async Task Many_attach_at_once_and_no_two_have_one_address()
    {
        await using var net = await Topology.StartAsync();
        var endpoints = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => net.Bridge.AttachAsync($"c{i}", $"c{i}", [new PortMapping("tcp", 80, null, 0)], default)));
        Assert.Equal(40, endpoints.Select(endpoint => endpoint.Address).Distinct().Count());
        Assert.Equal(40, net.Bridge.Sandboxes.Values.Select(sandbox => sandbox.Ports[0].HostPort).Where(port => port > 0).Distinct().Count());
        await Task.WhenAll(endpoints.Select(endpoint => net.Bridge.DetachAsync(endpoint.ContainerId, default)));
        Assert.Empty(Directory.GetFiles(Path.Combine(net.Options.RunFolder, "netns")));
    }
}
