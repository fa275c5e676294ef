using System.Net;
using System.Net.Sockets;
using Swarm.Networking.Bridge;
using Swarm.Networking.Netlink;
using Swarm.Networking.Ports;

namespace Swarm.Networking.Tests.Bridge;

/// <summary>What cannot be had, and what is said about it.</summary>
public sealed class RefusalTests
{
    [Fact]
    public async Task Port_of_another_container_is_refused_in_Dockers_words_and_leaves_nothing_behind()
    {
        await using var net = await Topology.StartAsync();
        await net.Bridge.AttachAsync("a", "a", [new PortMapping("tcp", 80, null, 8080)], default);
        var fault = await Assert.ThrowsAsync<NetworkFault>(() => net.Bridge.AttachAsync("b", "web", [new PortMapping("tcp", 80, null, 8080)], default));
        Assert.Matches(
            "^driver failed programming external connectivity on endpoint web \\([0-9a-f]{64}\\): Bind for 0.0.0.0:8080 failed: port is already allocated$",
            fault.Message);
        Assert.False(File.Exists(net.Bridge.NamespacePath("b")));
        Assert.Equal(["a"], net.Bridge.Sandboxes.Keys);
    }

    [Fact]
    public async Task Port_that_another_process_listens_on_is_refused()
    {
        await using var net = await Topology.StartAsync();
        net.Serve(net.Host, 8080, "other");
        var fault = await Assert.ThrowsAsync<NetworkFault>(() => net.Bridge.AttachAsync("a", "a", [new PortMapping("tcp", 80, null, 8080)], default));
        Assert.EndsWith("failed to bind host port for 0.0.0.0:8080:172.17.0.2:80/tcp: address already in use", fault.Message);
    }

    [Fact]
    public async Task Published_port_cannot_be_listened_on_by_another_process()
    {
        await using var net = await Topology.StartAsync();
        await net.Bridge.AttachAsync("a", "a", [new PortMapping("tcp", 80, null, 8080)], default);
        var error = Assert.Throws<SocketException>(() => net.Host.Run(() =>
        {
            using var listener = new TcpListener(IPAddress.Any, 8080); // sets SO_REUSEADDR, as servers do
            listener.Start();
        }));
        Assert.Equal(SocketError.AddressAlreadyInUse, error.SocketErrorCode);
    }

    [Fact]
    public async Task Address_that_the_host_does_not_have_is_refused()
    {
        await using var net = await Topology.StartAsync();
        var fault = await Assert.ThrowsAsync<NetworkFault>(
            () => net.Bridge.AttachAsync("a", "a", [new PortMapping("tcp", 80, IPAddress.Parse("203.0.113.9"), 8080)], default));
        Assert.EndsWith("cannot assign requested address", fault.Message);
    }

    [Fact]
    public async Task IPv6_address_to_publish_on_is_refused_for_a_container_without_IPv6()
    {
        await using var net = await Topology.StartAsync();
        var fault = await Assert.ThrowsAsync<NetworkFault>(() => net.Bridge.AttachAsync("a", "a", [new PortMapping("tcp", 80, IPAddress.IPv6Any, 8080)], default));
        Assert.Equal(NetworkFaultKind.Unsupported, fault.Kind);
    }

    [Fact]
    public async Task Sctp_port_is_published_where_the_kernel_knows_sctp_and_else_refused()
    {
        await using var net = await Topology.StartAsync();
        var attached = net.Bridge.AttachAsync("a", "a", [new PortMapping("sctp", 80, null, 8080)], default);
        if (File.Exists("/proc/net/protocols") && File.ReadLines("/proc/net/protocols").Any(line => line.StartsWith("SCTP ", StringComparison.Ordinal)))
        {
            await attached;
            Assert.Contains("sctp . 8080", net.Nft("list", "ruleset"), StringComparison.Ordinal);
            return;
        }

        var fault = await Assert.ThrowsAsync<NetworkFault>(() => attached);
        Assert.Equal((NetworkFaultKind.Unsupported, "publishing a sctp port: this host's kernel has no sctp"), (fault.Kind, fault.Message));
    }

    [Fact]
    public async Task Full_network_says_so_and_serves_again_after_a_detach()
    {
        await using var net = await Topology.StartAsync(options => options with { Address = InterfaceAddress.Parse("10.99.0.1/29") });
        for (var i = 0; i < 5; i++)
        {
            await net.Bridge.AttachAsync($"c{i}", "c", [], default);
        }

        var fault = await Assert.ThrowsAsync<NetworkFault>(() => net.Bridge.AttachAsync("c5", "c", [], default));
        Assert.Equal($"no available IPv4 addresses on this network's address pools: bridge ({net.Bridge.DefaultId})", fault.Message);
        await net.Bridge.DetachAsync("c2", default);
        Assert.Equal("10.99.0.4", (await net.Bridge.AttachAsync("c5", "c", [], default)).Address!.ToString());
    }

    [Fact]
    public async Task Default_subnet_avoids_what_the_host_uses()
    {
        await using var net = await Topology.StartAsync(options => options with { LinkName = "first0" });
        var second = net.Options with { LinkName = "second0", RunFolder = net.Options.RunFolder + "2" };
        using (var route = RouteSocket.In(net.Host))
        {
            route.AddRoute(IPNetwork.Parse("172.18.128.0/20"), IPAddress.Parse(Topology.OutsideAddress), 0);
        }

        await using var bridge = await BridgeNetworks.StartAsync(
            second, net.Host, TimeProvider.System, new Random(1), Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance, default);
        Assert.Equal(IPNetwork.Parse("172.19.0.0/16"), bridge.Records[bridge.DefaultId].Pools[0].Subnet);
    }

    [Fact]
    public async Task Link_of_another_kind_by_the_bridges_name_is_left_alone()
    {
        var fault = await Assert.ThrowsAsync<NetworkFault>(() => Topology.StartAsync(options => options with { LinkName = "up0" }));
        Assert.Contains("is not a bridge", fault.Message);
    }

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("10.0.0.1/31")]
    [InlineData("fd00::1/64")]
    [InlineData("x/24")]
    public void Bridge_address_that_makes_no_sense_is_refused(string text) =>
        Assert.Equal(NetworkFaultKind.Invalid, Assert.Throws<NetworkFault>(() => InterfaceAddress.Parse(text)).Kind);

    [Fact]
    public async Task Networks_own_address_as_the_gateway_is_refused() => Assert.Equal(
        NetworkFaultKind.Invalid,
        (await Assert.ThrowsAsync<NetworkFault>(() => Topology.StartAsync(options => options with { Address = InterfaceAddress.Parse("10.99.0.0/24") }))).Kind);

    [Theory]
    [InlineData("../escape")]
    [InlineData("")]
    public async Task Container_id_that_is_no_file_name_is_refused(string id)
    {
        await using var net = await Topology.StartAsync();
        await Assert.ThrowsAsync<ArgumentException>(() => net.Bridge.AttachAsync(id, "a", [], default));
        Assert.Empty(net.Bridge.Sandboxes);
    }
}
