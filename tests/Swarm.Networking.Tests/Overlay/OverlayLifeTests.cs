using System.Collections.Immutable;
using Swarm.Linux;
using Swarm.Model;
using Swarm.Networking.Netlink;

namespace Swarm.Networking.Tests.Overlay;

/// <summary>Restarts, other people's hands, changes of address, and the end.</summary>
public sealed class OverlayLifeTests : IAsyncLifetime
{
    private const int Port = 8080;

    private Cluster net = null!;

    public async Task InitializeAsync() => net = await Cluster.StartAsync(hosts: 2);

    public async Task DisposeAsync() => await net.DisposeAsync();

    [Fact]
    public async Task Restarted_daemon_finds_its_networks_and_cuts_nothing()
    {
        var vip = await WebAsync();
        var held = net.Hold("h1", "client", vip, 80);
        Assert.StartsWith("web-1", await held.StandardOutput.ReadLineAsync());
        await net.RestartAsync("h1");
        await net.RestartAsync("h2");
        Assert.Equal(2, net.Daemon("h1").Tables.Count);
        await held.StandardInput.WriteLineAsync("still");
        Assert.Equal("still", await held.StandardOutput.ReadLineAsync());
        Assert.StartsWith("web-1", net.Ask("h1", "client", vip, 80));
        Assert.Equal($"web-1 {Cluster.ClientAddress}", Cluster.Ask(net.Client, "192.0.2.1", Port));

        await net.RunAsync("h1", "web-2", "web");
        Assert.Contains(net.Tables.AddressOf("web-2"), (await Dns.DnsClient.AskAsync(Client(), "tasks.web", Dns.RecordType.A, tcp: false)));
    }

    [Theory]
    [InlineData("nsenter --net={0}/overlay/netns ip link del br-appnetwork12")]
    [InlineData("nsenter --net={0}/overlay/netns ip link del vx-appnetwork12")]
    [InlineData("nsenter --net={0}/overlay/netns ip link del vx-ingressnetwo")]
    [InlineData("nsenter --net={0}/overlay/netns ip link del br-ingressnetwo")]
    [InlineData("nft flush ruleset")]
    [InlineData("nft delete table inet swarm_ingress_swarm0")]
    [InlineData("ip link del $(ip -o link | grep -o 'si[0-9a-f]\\{{12\\}}' | head -1)")]
    public async Task What_somebody_takes_away_is_put_back(string command)
    {
        var vip = await WebAsync();
        foreach (var host in net.Hosts.Keys)
        {
            Assert.Equal("", Cluster.Shell(net.Hosts[host], string.Format(null, command, net.RunFolder(host))));
        }

        await Waiting.UntilAsync("it is put back", () => net.Ask("h1", "client", vip, 80).StartsWith("web-1", StringComparison.Ordinal));
        await Waiting.UntilAsync("it is put back", () => Cluster.Ask(net.Client, "192.0.2.1", Port) == $"web-1 {Cluster.ClientAddress}");
    }

    [Fact]
    public async Task Container_whose_rules_somebody_flushed_has_them_again_after_the_next_change()
    {
        var vip = await WebAsync();
        Cluster.Shell(Client(), "nft flush ruleset");
        Assert.Equal("", net.Ask("h1", "client", vip, 80));
        for (var change = 2; change <= 3; change++)
        {
            net.Tables.AddService($"other-{change}");
            await net.ApplyAsync();
            Assert.StartsWith("web-1", net.Ask("h1", "client", vip, 80));
        }
    }

    [Fact]
    public async Task Container_that_ends_leaves_nothing_of_its_namespace()
    {
        await WebAsync();
        await net.RunAsync("h2", "web-2", "web"); // a change of the client's rules
        using var overlay = NetworkNamespace.Open(Path.Combine(net.RunFolder("h1"), "overlay", "netns"));
        Assert.Equal(2, Links());
        await net.Daemon("h1").DetachAsync("client", default);
        await Waiting.UntilAsync("it is put back", () => Links() == 1); // that of the published ports

        int Links() => Cluster.Shell(overlay, "ip -o link show type veth").Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;
    }

    [Fact]
    public async Task Node_whose_address_changes_is_found_there()
    {
        var vip = await WebAsync();
        using (var route = RouteSocket.In(net.Hosts["h2"]))
        {
            route.DeleteAddress("up0", System.Net.IPAddress.Parse("192.0.2.2"), 24); // the first one takes later ones with it
            route.AddAddress("up0", System.Net.IPAddress.Parse("192.0.2.52"), 24);
        }

        foreach (var network in (string[])[TableMaker.App, TableMaker.Ingress])
        {
            net.Tables.Change(network, table => table with { Peers = table.Peers.SetItem("h2", table.Peers["h2"] with { Address = "192.0.2.52" }) });
        }

        await net.ApplyAsync();
        Assert.StartsWith("web-1", net.Ask("h1", "client", vip, 80));
        Assert.Equal($"web-1 {Cluster.ClientAddress}", Cluster.Ask(net.Client, "192.0.2.1", Port));
    }

    [Fact]
    public async Task Host_uses_the_same_range_for_something_else()
    {
        using (var route = RouteSocket.In(net.Hosts["h1"]))
        {
            route.AddBridge("lan0");
            route.SetUp("lan0");
            route.AddAddress("lan0", System.Net.IPAddress.Parse("10.0.0.77"), 24);
        }

        await WebAsync();
        Assert.Contains("dev lan0", Cluster.Shell(net.Hosts["h1"], $"ip route get {net.Tables.AddressOf("web-1").Replace("10.0.1.", "10.0.0.")}"));
        Assert.Equal($"web-1 {Cluster.ClientAddress}", Cluster.Ask(net.Client, "192.0.2.1", Port));
        Assert.StartsWith("web-1", Cluster.Ask(net.Hosts["h1"], "127.0.0.1", Port));
    }

    [Fact]
    public async Task Identifier_that_somebody_has_is_named_and_the_other_networks_are_made()
    {
        Cluster.Shell(net.Hosts["h1"], "ip link add theirs type vxlan id 5000 dstport 4789 nolearning");
        var before = net.Tables.Now();
        var other = before[TableMaker.App] with { Network = before[TableMaker.App].Network with { Id = "othernetwork12345678", Vni = 5000, Annotations = new Annotations { Name = "other" } } };
        var fault = await Assert.ThrowsAsync<NetworkFault>(() => net.Daemon("h1").ApplyAsync("h1", before.Add(other.Network.Id, other), default));
        Assert.Contains("network other: the VXLAN identifier 5000 is taken", fault.Message);
        Assert.Equal([TableMaker.App, TableMaker.Ingress], net.Daemon("h1").Tables.Keys.Order());

        Cluster.Shell(net.Hosts["h1"], "ip link del theirs");
        await net.Daemon("h1").ApplyAsync("h1", before.Add(other.Network.Id, other), default);
        Assert.Equal(3, net.Daemon("h1").Tables.Count);
    }

    [Fact]
    public async Task Nothing_is_left_when_no_network_is_named_any_more()
    {
        await WebAsync();
        Assert.Contains("fwmark", State());
        await net.Daemon("h1").DetachAsync("client", default);
        await net.Daemon("h1").ApplyAsync("h1", ImmutableDictionary<string, NetworkTable>.Empty, default);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task Node_that_has_no_tables_any_more_publishes_nothing_until_it_is_told()
    {
        await WebAsync();
        await net.RestartAsync("h1", ForgetTables);
        Assert.Empty(net.Daemon("h1").Tables);
        Assert.Equal("", Cluster.Ask(net.Client, "192.0.2.1", Port));
        await net.ApplyAsync();
        Assert.Equal($"web-1 {Cluster.ClientAddress}", Cluster.Ask(net.Client, "192.0.2.1", Port));
    }

    [Theory]
    [InlineData("true")]
    [InlineData("ip link del $(ip -o link | grep -o 'si[0-9a-f]\\{12\\}' | head -1)")]
    public async Task Crash_in_the_middle_of_leaving_leaves_nothing_after_the_next_start(string alsoDone)
    {
        await WebAsync();
        await net.RestartAsync("h1", () =>
        {
            ForgetTables();
            Assert.Equal("", Cluster.Shell(net.Hosts["h1"], alsoDone));
        });
        await net.Daemon("h1").ApplyAsync("h1", ImmutableDictionary<string, NetworkTable>.Empty, default);
        AssertNothingIsLeft();
    }

    private void ForgetTables() => Directory.EnumerateFiles(Path.Combine(net.RunFolder("h1"), "overlay", "tables")).ToList().ForEach(File.Delete);

    private void AssertNothingIsLeft()
    {
        Assert.False(NetworkNamespace.IsNamespace(Path.Combine(net.RunFolder("h1"), "overlay", "netns")));
        Assert.Empty(Directory.GetFiles(Path.Combine(net.RunFolder("h1"), "overlay", "tables")));
        Assert.Equal("table inet swarm_swarm0 lo up0 swarm0", State());
    }

    private string State() => string.Join(' ', Cluster.Shell(net.Hosts["h1"], "nft list tables; ip -o link | cut -d: -f2 | cut -d@ -f1; ip rule | grep fwmark; ip -o -4 addr show to 10.0.0.0/8")
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private NetworkNamespace Client() => net.Open("h1", "client");

    /// <summary>A client at h1 and a published service at h2.</summary>
    private async Task<string> WebAsync()
    {
        var vip = net.Tables.AddService("web", new PortConfig { TargetPort = 80, PublishedPort = Port });
        await net.RunAsync("h1", "client");
        await net.RunAsync("h2", "web-1", "web");
        net.Serve("h2", "web-1", 80);
        return vip;
    }
}
