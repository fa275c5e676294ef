using Swarm.Networking.Bridge;
using Swarm.Networking.Networks;
using Swarm.Networking.Ports;
using Swarm.Networking.Tests.Dns;

namespace Swarm.Networking.Tests.Networks;

/// <summary>Containers beside the host on its own link, with real neighbours.</summary>
public sealed class MacvlanTests : IAsyncLifetime
{
    private Topology net = null!;

    public async Task InitializeAsync()
    {
        net = await Topology.StartAsync();
        net.Serve(net.Outside, 7000, "outside");
    }

    public async Task DisposeAsync() => await net.DisposeAsync();

    [Fact]
    public async Task Containers_are_neighbours_of_the_hosts_neighbours()
    {
        await net.Bridge.CreateAsync(Lan("lan"), default);
        var sandbox = await net.Bridge.AttachAsync(new SandboxRequest("a", "a", [new EndpointRequest("lan") { Names = ["a"] }], [new PortMapping("tcp", 80, null, 8080)]), default);
        await net.Bridge.AttachToAsync("b", "lan");
        net.Serve("a", 80);
        Assert.Equal("outside 192.0.2.128", net.Ask("a", Topology.OutsideAddress, 7000));
        Assert.Equal("a 192.0.2.2", Topology.Ask(net.Outside, "192.0.2.128", 80));
        Assert.Equal("a 192.0.2.129", net.Ask("b", "192.0.2.128", 80));
        Assert.Equal("", Topology.Ask(net.Host, "192.0.2.128", 80)); // macvlan's own law

        Assert.Empty(sandbox.Ports);
        Assert.Equal("", Topology.Ask(net.Outside, Topology.HostAddress, 8080));
        using var b = net.Open("b");
        Assert.Equal(["192.0.2.128"], await DnsClient.AskAsync(b, "a", RecordType.A, tcp: false));
        Assert.Contains("default via 192.0.2.2", Overlay.Cluster.Shell(b, "ip route"));
        Assert.DoesNotContain("192.0.2.128", net.Nft("list", "ruleset"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restart_connect_and_disconnect_are_as_on_any_network()
    {
        await net.Bridge.CreateAsync(Lan("lan"), default);
        await net.Bridge.CreateAsync(Ask.For("one").With("10.50.0.0/24"), default);
        await net.Bridge.AttachToAsync("a", "lan");
        net.Serve("a", 80);
        await net.RestartAsync();
        Assert.Equal("192.0.2.128", net.Bridge.Sandboxes["a"].Endpoints.Single().Address!.ToString());
        Assert.Equal("a 192.0.2.2", Topology.Ask(net.Outside, "192.0.2.128", 80));
        Assert.Equal("192.0.2.129", (await net.Bridge.AttachToAsync("b", "lan")).Endpoints[0].Address!.ToString());

        var both = await net.Bridge.ConnectAsync("a", new EndpointRequest("one"), default);
        var left = await net.Bridge.DisconnectAsync("a", both.Endpoints[0].NetworkId, default);
        Assert.Equal("10.50.0.2", left.Endpoints.Single().Address!.ToString());
        Assert.Equal("", Topology.Ask(net.Outside, "192.0.2.128", 80));
        await net.Bridge.ConnectAsync("a", new EndpointRequest("lan"), default);
        Assert.Equal("a 192.0.2.2", Topology.Ask(net.Outside, net.Bridge.Sandboxes["a"].Endpoints[1].Address!.ToString(), 80));
        await net.Bridge.DetachAsync("a", default);
        await net.Bridge.DetachAsync("b", default);
        await net.Bridge.RemoveAsync("lan", default);
        Assert.Contains("up0", Links());
    }

    [Fact]
    public async Task Private_mode_keeps_containers_apart()
    {
        await net.Bridge.CreateAsync(Lan("lan").Plainly("macvlan_mode", "private"), default);
        await net.Bridge.AttachToAsync("a", "lan");
        await net.Bridge.AttachToAsync("b", "lan");
        net.Serve("a", 80);
        Assert.Equal("", net.Ask("b", "192.0.2.128", 80));
        Assert.Equal("a 192.0.2.2", Topology.Ask(net.Outside, "192.0.2.128", 80));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Without_a_parent_or_inside_alone_containers_reach_each_other_only_and_the_dummy_goes_with_the_network(bool isInternal)
    {
        var made = await net.Bridge.CreateAsync((isInternal ? Lan("lan") with { Internal = true } : Ask.For("lan").With("192.0.2.0/24", range: "192.0.2.128/25", gateway: "192.0.2.2")) with { Driver = "macvlan" }, default);
        await net.Bridge.AttachToAsync("a", "lan");
        await net.Bridge.AttachToAsync("b", "lan");
        net.Serve("a", 80);
        Assert.StartsWith("a", net.Ask("b", "192.0.2.128", 80));
        Assert.Equal("", net.Ask("a", Topology.OutsideAddress, 7000));
        Assert.Contains("dm-" + made.Id[..12], Links());
        await net.Bridge.DetachAsync("a", default);
        await net.Bridge.DetachAsync("b", default);
        await net.Bridge.RemoveAsync("lan", default);
        Assert.DoesNotContain("dm-", Links());
    }

    [Fact]
    public async Task A_vlan_of_the_parent_is_made_or_what_the_kernel_lacks_is_said()
    {
        var spec = Ask.For("lan").With("10.70.0.0/24").Plainly("parent", "up0.7") with { Driver = "macvlan" };
        var hasVlans = Overlay.Cluster.Shell(net.Host, "ip link add link up0 name probe type vlan id 9 && ip link del probe && echo yes").Contains("yes");
        if (hasVlans)
        {
            await net.Bridge.CreateAsync(spec, default);
            Assert.Contains("up0.7", Links());
            await net.Bridge.RemoveAsync("lan", default);
        }
        else
        {
            var refused = await Assert.ThrowsAsync<NetworkFault>(() => net.Bridge.CreateAsync(spec, default));
            Assert.Equal((NetworkFaultKind.Unsupported, "sub-interface up0.7: this host's kernel has no VLANs (CONFIG_VLAN_8021Q)"), (refused.Kind, refused.Message));
            Assert.DoesNotContain(net.Bridge.Records.Values, record => record.Name == "lan");
        }

        Assert.DoesNotContain("up0.7", Links());
    }

    [Fact]
    public async Task A_parent_that_is_away_at_a_start_is_found_again_when_it_is_back()
    {
        Overlay.Cluster.Shell(net.Host, "ip link add wan0 type veth peer name wan1 && ip link set wan0 up");
        await net.Bridge.CreateAsync(Lan("lan").Plainly("parent", "wan0"), default);
        Overlay.Cluster.Shell(net.Host, "ip link del wan0");
        await net.RestartAsync();
        var missing = await Assert.ThrowsAsync<NetworkFault>(() => net.Bridge.AttachToAsync("a", "lan"));
        Assert.Equal("invalid subinterface vlan name wan0, example formatting is eth0.10", missing.Message);
        Overlay.Cluster.Shell(net.Host, "ip link add wan0 type veth peer name wan1 && ip link set wan0 up");
        Assert.Equal("192.0.2.129", (await net.Bridge.AttachToAsync("a", "lan")).Endpoints[0].Address!.ToString());
    }

    private static NetworkSpec Lan(string name) =>
        Ask.For(name).With("192.0.2.0/24", range: "192.0.2.128/25", gateway: Topology.OutsideAddress).Plainly("parent", "up0") with { Driver = "macvlan" };

    private string Links() => Overlay.Cluster.Shell(net.Host, "ip -o link");
}
