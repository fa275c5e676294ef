using System.Net;
using Swarm.Networking.Bridge;
using Swarm.Networking.Netlink;
using Swarm.Networking.Networks;
using Swarm.Networking.Ports;

namespace Swarm.Networking.Tests.Networks;

/// <summary>What a neighbour of the host reaches that has a route to a network's containers, in each of Docker's gateway modes.</summary>
public sealed class GatewayModeTests : IAsyncLifetime
{
    private const string Container = "10.60.0.2", Container6 = "fd60::2";

    private Topology net = null!;

    public async Task InitializeAsync()
    {
        net = await Topology.StartAsync();
        using var host = RouteSocket.In(net.Host);
        using var outside = RouteSocket.In(net.Outside);
        host.AddAddress("up0", IPAddress.Parse("2001:db8::1"), 64);
        outside.AddAddress("up0", IPAddress.Parse("2001:db8::2"), 64);
        outside.AddRoute(IPNetwork.Parse("10.60.0.0/24"), IPAddress.Parse(Topology.HostAddress), 0);
        outside.AddRoute(IPNetwork.Parse("fd60::/64"), IPAddress.Parse("2001:db8::1"), 0);
        net.Serve(net.Outside, 7000, "outside");
    }

    public async Task DisposeAsync() => await net.DisposeAsync();

    [Theory]
    [InlineData("nat", "", "", "web 192.0.2.2", "outside 192.0.2.1")]
    [InlineData("nat-unprotected", "web 192.0.2.2", "web 192.0.2.2", "web 192.0.2.2", "outside 192.0.2.1")]
    [InlineData("routed", "web 192.0.2.2", "", "", "outside " + Container)]
    public async Task Mode_says_what_is_reached(string mode, string published, string unpublished, string byHost, string outwards)
    {
        await MakeAsync(Ask.For("n").With("10.60.0.0/24").Option("bridge.gateway_mode_ipv4", mode));
        Assert.Equal(published, Topology.Ask(net.Outside, Container, 80));
        Assert.Equal(unpublished, Topology.Ask(net.Outside, Container, 81));
        Assert.Equal(byHost, Topology.Ask(net.Outside, Topology.HostAddress, 8080));
        Assert.Equal(outwards, net.Ask("web", Topology.OutsideAddress, 7000));

        await net.Bridge.DetachAsync("web", default);
        Assert.DoesNotContain(Container, net.Nft("list", "ruleset"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Families_have_modes_of_their_own_and_a_restart_keeps_them()
    {
        await MakeAsync(Ask.For("n").With("10.60.0.0/24").With("fd60::/64").Option("bridge.gateway_mode_ipv6", "routed") with { EnableIPv6 = true });
        foreach (var _ in (int[])[1, 2])
        {
            Assert.Equal("", Topology.Ask(net.Outside, Container, 80));
            Assert.Equal("web 192.0.2.2", Topology.Ask(net.Outside, Topology.HostAddress, 8080));
            Assert.Contains(" 0% packet loss", Overlay.Cluster.Shell(net.Outside, $"ping -c1 -W2 {Container6}"));
            Assert.Contains("1 received", Overlay.Cluster.Shell(net.Outside, $"ping -c1 -W2 {Container6}"));
            Assert.Equal("100% packet loss", Overlay.Cluster.Shell(net.Outside, $"ping -c1 -W1 {Container} | grep -o '100% packet loss'").Trim());
            Assert.StartsWith("web", Topology.Ask(net.Outside, $"[{Container6}]", 80));
            Assert.Equal("", Topology.Ask(net.Outside, $"[{Container6}]", 81));
            await net.RestartAsync();
        }
    }

    [Fact]
    public async Task Isolated_network_has_no_address_on_the_host()
    {
        var refused = await Assert.ThrowsAsync<NetworkFault>(() => net.Bridge.CreateAsync(Ask.For("n").Option("bridge.gateway_mode_ipv4", "isolated"), default));
        Assert.Equal((NetworkFaultKind.Invalid, "gateway mode 'isolated' can only be used for an internal network"), (refused.Kind, refused.Message));

        var made = await MakeAsync(Ask.For("n").With("10.60.0.0/24").Option("bridge.gateway_mode_ipv4", "isolated") with { Internal = true });
        await net.Bridge.AttachToAsync("near", "n");
        Assert.DoesNotContain("10.60.0", Overlay.Cluster.Shell(net.Host, $"ip addr show br-{made.Id[..12]}"));
        Assert.StartsWith("web", net.Ask("near", Container, 80));
        Assert.Equal("", Topology.Ask(net.Host, Container, 80));
    }

    [Fact]
    public async Task Unknown_mode_is_refused()
    {
        var refused = await Assert.ThrowsAsync<NetworkFault>(() => net.Bridge.CreateAsync(Ask.For("n").Option("bridge.gateway_mode_ipv4", "bent"), default));
        Assert.Equal("unknown gateway mode bent", refused.Message);
    }

    private async Task<NetworkRecord> MakeAsync(NetworkSpec spec)
    {
        var made = await net.Bridge.CreateAsync(spec, default);
        await net.Bridge.AttachAsync(new SandboxRequest("web", "web", [new EndpointRequest("n")], [new PortMapping("tcp", 80, null, 8080)]), default);
        net.Serve("web", 80);
        net.Serve("web", 81);
        if (made.EnableIPv6)
        {
            using var ns = net.Open("web");
            net.Serve6(ns, 80, "web");
            net.Serve6(ns, 81, "web");
        }

        return made;
    }
}
