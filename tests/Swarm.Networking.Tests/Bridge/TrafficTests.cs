using System.Net;
using System.Net.Sockets;
using System.Text;
using Swarm.Networking.Ports;

namespace Swarm.Networking.Tests.Bridge;

/// <summary>Who reaches whom, with real connections.</summary>
public sealed class TrafficTests : IAsyncLifetime
{
    private Topology net = null!;

    public async Task InitializeAsync() => net = await Topology.StartAsync();

    public async Task DisposeAsync() => await net.DisposeAsync();

    [Fact]
    public async Task Two_containers_reach_each_other_by_address()
    {
        await AttachAsync("a");
        var b = await AttachAsync("b");
        net.Serve("b", 80);
        Assert.Equal("b 172.17.0.2", net.Ask("a", b.ToString(), 80));
    }

    /// <summary>The kernel keeps a namespace as long as a connection of it waits for an answer; here the test does.</summary>
    [Fact]
    public async Task Container_that_starts_again_is_reached_though_its_earlier_namespace_lives_on()
    {
        var first = await AttachAsync("a");
        var b = await AttachAsync("b");
        net.Serve("b", 80);
        using var lingering = net.Open("a");
        await net.Bridge.DetachAsync("a", default);
        Assert.Equal(first, await AttachAsync("a"));
        net.Serve("a", 80);
        Assert.Equal("", Topology.Ask(lingering, b.ToString(), 80));
        Assert.StartsWith("a ", net.Ask("b", $"{first}", 80));
    }

    [Fact]
    public async Task Container_reaches_the_outside_under_the_hosts_address()
    {
        await AttachAsync("a");
        net.Serve(net.Outside, 7000, "outside");
        Assert.Equal($"outside {Topology.HostAddress}", net.Ask("a", Topology.OutsideAddress, 7000));
    }

    /// <param name="bridgeFilter">net.bridge.bridge-nf-call-iptables: whether frames inside the bridge pass the rules, which differs by host.</param>
    [Theory]
    [InlineData("0")]
    [InlineData("1")]
    public async Task Published_port_is_reached_from_everywhere(string bridgeFilter)
    {
        const string setting = "/proc/sys/net/bridge/bridge-nf-call-iptables";
        net.Host.Run(() =>
        {
            if (File.Exists(setting)) // without the module br_netfilter, every host is as "0"
            {
                File.WriteAllText(setting, bridgeFilter);
            }
        });
        await AttachAsync("a", new PortMapping("tcp", 80, null, 8080));
        await AttachAsync("b");
        net.Serve("a", 80);
        Assert.Equal($"a {Topology.OutsideAddress}", Topology.Ask(net.Outside, Topology.HostAddress, 8080));
        Assert.StartsWith("a ", Topology.Ask(net.Host, Topology.HostAddress, 8080));
        Assert.StartsWith("a ", Topology.Ask(net.Host, "127.0.0.1", 8080));
        Assert.StartsWith("a ", net.Ask("b", Topology.HostAddress, 8080));
        Assert.StartsWith("a ", net.Ask("a", Topology.HostAddress, 8080));
    }

    [Fact]
    public async Task Port_published_on_localhost_is_reached_from_nowhere_else()
    {
        await AttachAsync("a", new PortMapping("tcp", 80, IPAddress.Loopback, 8080));
        await AttachAsync("b");
        net.Serve("a", 80);
        Assert.StartsWith("a ", Topology.Ask(net.Host, "127.0.0.1", 8080));
        Assert.Equal("", Topology.Ask(net.Outside, Topology.HostAddress, 8080));
        Assert.Equal("", net.Ask("b", Topology.HostAddress, 8080));
    }

    [Fact]
    public async Task Port_published_on_one_address_of_the_host_is_not_on_the_other_and_two_containers_share_a_number()
    {
        await AttachAsync("a", new PortMapping("tcp", 80, IPAddress.Parse(Topology.HostAddress), 8080));
        await AttachAsync("b", new PortMapping("tcp", 80, IPAddress.Parse(Topology.SecondHostAddress), 8080));
        net.Serve("a", 80);
        net.Serve("b", 80);
        Assert.StartsWith("a ", Topology.Ask(net.Outside, Topology.HostAddress, 8080));
        Assert.StartsWith("b ", Topology.Ask(net.Outside, Topology.SecondHostAddress, 8080));
    }

    [Fact]
    public async Task Neighbour_of_the_host_cannot_route_to_a_port_that_nobody_published()
    {
        var a = await AttachAsync("a");
        net.Serve("a", 80);
        using var route = Swarm.Networking.Netlink.RouteSocket.In(net.Outside);
        route.AddRoute(IPNetwork.Parse("172.17.0.0/16"), IPAddress.Parse(Topology.HostAddress), 0);
        Assert.Equal("", Topology.Ask(net.Outside, a.ToString(), 80));
        Assert.StartsWith("a ", Topology.Ask(net.Host, a.ToString(), 80));
    }

    [Fact]
    public async Task Container_cannot_use_the_bridge_to_reach_the_hosts_loopback()
    {
        await AttachAsync("a");
        net.Serve(net.Host, 9999, "private");
        using var ns = net.Open("a");
        using var route = Swarm.Networking.Netlink.RouteSocket.In(ns);
        ns.Run(() => File.WriteAllText("/proc/sys/net/ipv4/conf/eth0/route_localnet", "1"));
        route.AddRoute(IPNetwork.Parse("127.0.0.5/32"), IPAddress.Parse("172.17.0.1"), 0);
        Assert.Equal("", Topology.Ask(ns, "127.0.0.5", 9999));
        Assert.StartsWith("private", Topology.Ask(net.Host, "127.0.0.5", 9999));
    }

    [Fact]
    public async Task Udp_port_is_published()
    {
        await AttachAsync("a", new PortMapping("udp", 53, null, 5353));
        using var ns = net.Open("a");
        using var server = ns.Run(() => new UdpClient(53));
        using var client = net.Outside.Run(() => new UdpClient(0, AddressFamily.InterNetwork));
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        await client.SendAsync("question"u8.ToArray(), new IPEndPoint(IPAddress.Parse(Topology.HostAddress), 5353), deadline.Token);
        var question = await server.ReceiveAsync(deadline.Token);
        await server.SendAsync("answer"u8.ToArray(), question.RemoteEndPoint, deadline.Token);
        var answer = await client.ReceiveAsync(deadline.Token);
        Assert.Equal("answer"u8.ToArray(), answer.Buffer);
        Assert.Equal(Topology.HostAddress, answer.RemoteEndPoint.Address.ToString());
    }

    [Fact]
    public async Task Container_without_a_network_has_a_loopback_and_nothing_else()
    {
        Assert.Empty((await net.Bridge.AttachNoneAsync("a", default)).Endpoints);
        using var ns = net.Open("a");
        net.Serve(ns, 80, "self");
        Assert.Equal("self 127.0.0.1", Topology.Ask(ns, "127.0.0.1", 80));
        Assert.Equal("", Topology.Ask(ns, Topology.HostAddress, 80));
    }

    [Fact]
    public async Task Detached_containers_port_is_answered_by_nobody()
    {
        await AttachAsync("a", new PortMapping("tcp", 80, null, 8080));
        net.Serve("a", 80);
        await net.Bridge.DetachAsync("a", default);
        Assert.Equal("", Topology.Ask(net.Outside, Topology.HostAddress, 8080));
    }

    [Fact]
    public async Task Udp_client_that_never_stops_follows_the_port_to_its_next_container()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        using var client = net.Outside.Run(() => new UdpClient(0, AddressFamily.InterNetwork));
        var port = new IPEndPoint(IPAddress.Parse(Topology.HostAddress), 5353);
        await client.SendAsync("before anyone"u8.ToArray(), port, deadline.Token);
        foreach (var id in (string[])["a", "b"])
        {
            await AttachAsync(id, new PortMapping("udp", 53, null, 5353));
            using var ns = net.Open(id);
            using var server = ns.Run(() => new UdpClient(53));
            var received = server.ReceiveAsync(deadline.Token).AsTask();
            while (!received.IsCompleted)
            {
                await client.SendAsync(Encoding.ASCII.GetBytes(id), port, deadline.Token);
                await Task.WhenAny(received, Task.Delay(20, deadline.Token)); // the client's own pace
            }

            Assert.Equal(Encoding.ASCII.GetBytes(id), (await received).Buffer);
            await net.Bridge.DetachAsync(id, default);
        }
    }

    [Fact]
    public async Task Tcp_client_of_a_detached_container_is_reset_instead_of_waiting()
    {
        await AttachAsync("a", new PortMapping("tcp", 80, null, 8080));
        using var ns = net.Open("a");
        using var listener = ns.Run(() => new TcpListener(IPAddress.Any, 80));
        ns.Run(listener.Start);
        using var client = net.Outside.Run(() => new TcpClient(AddressFamily.InterNetwork));
        await client.ConnectAsync(IPAddress.Parse(Topology.HostAddress), 8080);
        using var accepted = await listener.AcceptTcpClientAsync();
        await net.Bridge.DetachAsync("a", default);

        // The test's own handle keeps the namespace and so a server that acknowledges, until the kernel forgets the flow.
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var error = await Assert.ThrowsAsync<IOException>(async () =>
        {
            while (true)
            {
                await client.GetStream().WriteAsync(new byte[1], deadline.Token);
                await Task.Delay(20, deadline.Token); // the client's own pace
            }
        });
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(error.InnerException).SocketErrorCode);
    }

    private async Task<IPAddress> AttachAsync(string id, params PortMapping[] ports) => (await net.Bridge.AttachAsync(id, id, [.. ports], default)).Address!;
}
