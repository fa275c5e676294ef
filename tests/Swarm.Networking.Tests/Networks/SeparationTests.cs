using System.Collections.Immutable;
using System.Net;
using Swarm.Networking.Bridge;
using Swarm.Networking.Netlink;
using Swarm.Networking.Ports;

namespace Swarm.Networking.Tests.Networks;

/// <summary>Who reaches whom across user networks, with real connections.</summary>
public sealed class SeparationTests : IAsyncLifetime
{
    private Topology net = null!;

    public async Task InitializeAsync()
    {
        net = await Topology.StartAsync();
        await net.Bridge.CreateAsync(Ask.For("one").With("10.50.0.0/24"), default);
        await net.Bridge.CreateAsync(Ask.For("two").With("10.51.0.0/24").With("fd51::/64") with { EnableIPv6 = true }, default);
        await net.Bridge.CreateAsync(Ask.For("closed").With("10.52.0.0/24") with { Internal = true }, default);
        await net.Bridge.CreateAsync(Ask.For("shy").With("10.53.0.0/24").Option("bridge.enable_icc", "false"), default);
    }

    public async Task DisposeAsync() => await net.DisposeAsync();

    [Fact]
    public async Task Containers_on_two_networks_do_not_reach_each_other_except_by_a_published_port()
    {
        await AttachAsync("web", ["one"], new PortMapping("tcp", 80, null, 8080));
        await net.Bridge.AttachToAsync("other", "two");
        await net.Bridge.AttachToAsync("near", "one");
        net.Serve("web", 80);
        Assert.StartsWith("web", net.Ask("near", "10.50.0.2", 80), StringComparison.Ordinal);
        Assert.Equal("", net.Ask("other", "10.50.0.2", 80));
        Assert.StartsWith("web", net.Ask("other", Topology.HostAddress, 8080), StringComparison.Ordinal);
        await net.Bridge.ConnectAsync("other", new EndpointRequest("one"), default);
        Assert.StartsWith("web", net.Ask("other", "10.50.0.2", 80), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Internal_network_has_no_way_out_and_no_published_ports()
    {
        var sandbox = await AttachAsync("in", ["closed"], new PortMapping("tcp", 80, null, 8080));
        await net.Bridge.AttachToAsync("in2", "closed");
        net.Serve("in", 80);
        net.Serve(net.Outside, 7000, "outside");
        Assert.Empty(sandbox.Ports);
        Assert.Null(sandbox.Endpoints[0].Gateway);
        Assert.Equal("", net.Ask("in", Topology.OutsideAddress, 7000));
        Assert.StartsWith("in", net.Ask("in2", "10.52.0.2", 80), StringComparison.Ordinal);

        // Not even with a route of its own making.
        using var ns = net.Open("in");
        using var route = RouteSocket.In(ns);
        route.AddRoute(null, IPAddress.Parse("10.52.0.1"), 0);
        Assert.Equal("", net.Ask("in", Topology.OutsideAddress, 7000));
    }

    [Fact]
    public async Task Connecting_a_way_out_publishes_the_ports_and_disconnecting_it_withdraws_them()
    {
        await AttachAsync("web", ["closed"], new PortMapping("tcp", 80, null, 8080));
        net.Serve("web", 80);
        var connected = await net.Bridge.ConnectAsync("web", new EndpointRequest("one"), default);
        Assert.Equal(8080, Assert.Single(connected.Ports).HostPort);
        Assert.StartsWith("web", Topology.Ask(net.Outside, Topology.HostAddress, 8080), StringComparison.Ordinal);
        var left = await net.Bridge.DisconnectAsync("web", connected.Endpoints[1].NetworkId, default);
        Assert.Empty(left.Ports);
        Assert.Equal("", Topology.Ask(net.Outside, Topology.HostAddress, 8080));
        Assert.DoesNotContain("8080", net.Nft("list", "ruleset"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_icc_containers_reach_the_world_but_not_each_other()
    {
        await AttachAsync("web", ["shy"], new PortMapping("tcp", 80, null, 8080));
        await net.Bridge.AttachToAsync("asker", "shy");
        net.Serve("web", 80);
        net.Serve(net.Outside, 7000, "outside");
        Assert.Equal("", net.Ask("asker", "10.53.0.2", 80));
        Assert.StartsWith("outside", net.Ask("asker", Topology.OutsideAddress, 7000), StringComparison.Ordinal);
        Assert.StartsWith("web", net.Ask("asker", Topology.HostAddress, 8080), StringComparison.Ordinal);
        Assert.StartsWith("web", Topology.Ask(net.Host, "10.53.0.2", 80), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Way_out_is_the_network_of_the_highest_priority_and_then_the_first_by_name()
    {
        net.Serve(net.Outside, 7000, "outside");
        await net.Bridge.CreateAsync(Ask.For("three").With("10.54.0.0/24"), default);
        await net.Bridge.AttachToAsync("a", "three", "one");
        Assert.Equal("10.50.0.1", WayOut("a"));
        await net.Bridge.AttachAsync(
            new SandboxRequest("b", "b", [new EndpointRequest("one"), new EndpointRequest("three") { GatewayPriority = 1 }], []), default);
        Assert.Equal("10.54.0.1", WayOut("b"));
        Assert.StartsWith("outside", net.Ask("b", Topology.OutsideAddress, 7000), StringComparison.Ordinal);
        var one = net.Bridge.Sandboxes["a"].Endpoints[1];
        await net.Bridge.DisconnectAsync("a", one.NetworkId, default);
        Assert.Equal("10.54.0.1", WayOut("a"));
        await net.Bridge.ConnectAsync("a", new EndpointRequest("one"), default);
        Assert.Equal("10.50.0.1", WayOut("a"));
    }

    [Fact]
    public async Task IPv6_is_reached_within_the_network_and_its_ports_from_the_outside()
    {
        using (var host = RouteSocket.In(net.Host))
        using (var outside = RouteSocket.In(net.Outside))
        {
            host.AddAddress("up0", IPAddress.Parse("2001:db8::1"), 64);
            outside.AddAddress("up0", IPAddress.Parse("2001:db8::2"), 64);
        }

        var sandbox = await AttachAsync("web", ["two"], new PortMapping("tcp", 80, null, 8080), new PortMapping("tcp", 81, IPAddress.Parse("2001:db8::1"), 8081));
        await net.Bridge.AttachToAsync("asker", "two");
        Assert.Equal(["0.0.0.0:8080", "[::]:8080", "[2001:db8::1]:8081"], sandbox.Ports.Select(port => new IPEndPoint(port.HostAddress!, port.HostPort).ToString()));
        await using var web = await Echo.ServeAsync(net, "web", 80);
        await using var other = await Echo.ServeAsync(net, "web", 81);
        Assert.True(await Echo.AnswersAsync(net, "asker", "fd51::2", 80));
        Assert.True(await Echo.AnswersAsync(net.Outside, "2001:db8::1", 8080));
        Assert.True(await Echo.AnswersAsync(net.Outside, "2001:db8::1", 8081));
        Assert.True(await Echo.AnswersAsync(net.Outside, Topology.HostAddress, 8080));
        Assert.True(await Echo.AnswersAsync(net.Host, "2001:db8::1", 8080));
        Assert.False(await Echo.AnswersAsync(net.Outside, Topology.HostAddress, 8081));

        // A client that tries ::1 first must not be left waiting for it.
        Assert.False(await Echo.AnswersAsync(net.Host, "::1", 8080));
        Assert.True(await Echo.AnswersAsync(net.Host, "127.0.0.1", 8080));
    }

    [Fact]
    public async Task Asked_for_addresses_are_given_once_and_a_container_gets_its_last_one_again()
    {
        var request = new EndpointRequest("two") { Address = IPAddress.Parse("10.51.0.77"), Address6 = IPAddress.Parse("fd51::77"), Mac = "02:00:00:00:00:07" };
        var endpoint = (await net.Bridge.AttachAsync(new SandboxRequest("a", "a", [request], []), default)).Endpoints[0];
        Assert.Equal(("10.51.0.77", "fd51::77", "02:00:00:00:00:07"), (endpoint.Address!.ToString(), endpoint.Address6!.ToString(), endpoint.MacText));
        var taken = await Assert.ThrowsAsync<NetworkFault>(() => net.Bridge.AttachAsync(new SandboxRequest("b", "b", [request], []), default));
        Assert.Equal((NetworkFaultKind.Forbidden, "Address already in use"), (taken.Kind, taken.Message));
        Assert.Equal(["a"], net.Bridge.Sandboxes.Keys);

        var first = (await net.Bridge.AttachToAsync("c", "one")).Endpoints[0].Address;
        await net.Bridge.DetachAsync("c", default);
        Assert.NotEqual(first, (await net.Bridge.AttachToAsync("d", "one")).Endpoints[0].Address);
        Assert.Equal(first, (await net.Bridge.AttachToAsync("c", "one")).Endpoints[0].Address);
    }

    [Fact]
    public async Task A_range_of_host_ports_gives_the_first_free_one_and_a_random_one_is_free_in_both_families()
    {
        var range = new PortMapping("tcp", 80, null, 9000) { LastHostPort = 9002 };
        net.Serve(net.Host, 9000, "other");
        Assert.Equal(9001, (await AttachAsync("a", ["one"], range)).Ports[0].HostPort);
        Assert.Equal(9002, (await AttachAsync("b", ["one"], range)).Ports[0].HostPort);
        await Assert.ThrowsAsync<NetworkFault>(() => AttachAsync("c", ["one"], range));
        var random = (await AttachAsync("d", ["two"], new PortMapping("udp", 53, null, 0))).Ports;
        Assert.Equal([IPAddress.Any, IPAddress.IPv6Any], random.Select(port => port.HostAddress));
        Assert.Equal(random[0].HostPort, random[1].HostPort);
    }

    [Fact]
    public async Task Ports_of_a_network_that_says_where_are_published_there()
    {
        await net.Bridge.CreateAsync(Ask.For("bound").Option("bridge.host_binding_ipv4", "127.0.0.1"), default);
        await AttachAsync("web", ["bound"], new PortMapping("tcp", 80, null, 8080));
        net.Serve("web", 80);
        Assert.StartsWith("web", Topology.Ask(net.Host, "127.0.0.1", 8080), StringComparison.Ordinal);
        Assert.Equal("", Topology.Ask(net.Outside, Topology.HostAddress, 8080));
    }

    [Fact]
    public async Task Failed_connection_leaves_the_container_as_it_was()
    {
        await net.Bridge.AttachToAsync("a", "one");
        await AttachAsync("b", ["closed"], new PortMapping("tcp", 80, null, 8080));
        net.Serve(net.Host, 8080, "other");
        await Assert.ThrowsAsync<NetworkFault>(() => net.Bridge.ConnectAsync("b", new EndpointRequest("one"), default));
        Assert.Single(net.Bridge.Sandboxes["b"].Endpoints);
        using (var ns = net.Open("b"))
        using (var route = RouteSocket.In(ns))
        {
            Assert.Equal(["lo", "eth0"], route.Links().Select(link => link.Name));
        }

        var again = await Assert.ThrowsAsync<NetworkFault>(() => net.Bridge.ConnectAsync("a", new EndpointRequest("one"), default));
        Assert.Equal("endpoint with name a already exists in network one", again.Message);
    }

    private string WayOut(string container)
    {
        using var ns = net.Open(container);
        using var route = RouteSocket.In(ns);
        return Assert.Single(route.Routes(), found => found.Destination is null).Gateway!.ToString();
    }

    private Task<ContainerSandbox> AttachAsync(string id, string[] networks, params ImmutableArray<PortMapping> ports) =>
        net.Bridge.AttachAsync(new SandboxRequest(id, id, [.. networks.Select(network => new EndpointRequest(network) { Names = [id] })], ports), default);
}
