using System.Net;
using System.Net.Sockets;
using System.Text;
using Swarm.Model;
using Swarm.Networking.Tests.Dns;

namespace Swarm.Networking.Tests.Overlay;

/// <summary>Three hosts with real links, and who reaches whom.</summary>
public sealed class OverlayTrafficTests : IAsyncLifetime
{
    private const int Port = 8080;

    private Cluster net = null!;

    public async Task InitializeAsync() => net = await Cluster.StartAsync(hosts: 3);

    public async Task DisposeAsync() => await net.DisposeAsync();

    [Fact]
    public async Task Containers_of_all_hosts_reach_each_other_by_both_families()
    {
        await net.RunAsync("h1", "a");
        await net.RunAsync("h2", "b");
        await net.RunAsync("h3", "c");
        using var a = net.Open("h1", "a");
        foreach (var task in (string[])["b", "c"])
        {
            Assert.Contains(" 0% packet loss", Cluster.Shell(a, $"ping -c1 -W2 -M do -s 1422 {net.Tables.AddressOf(task)}"));
            Assert.Contains(" 0% packet loss", Cluster.Shell(a, $"ping -c1 -W2 {net.Tables.AddressOf(task, ipv6: true)}"));
        }

        Assert.Contains("message too long", Cluster.Shell(a, $"ping -c1 -W2 -M do -s 1423 {net.Tables.AddressOf("b")}"), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Containers_of_all_subnets_of_a_network_reach_each_other_and_its_services()
    {
        net.Tables.AddSubnets();
        var vip = net.Tables.AddService("web");
        await net.RunAsync("h1", "first");
        await WebAsync("h2", "web-1");
        net.Tables.UseFirstSubnets();
        await net.RunAsync("h1", "near");
        await net.RunAsync("h3", "far");
        Assert.Equal(("10.0.2", "10.0.1"), (Start(net.Tables.AddressOf("first")), Start(net.Tables.AddressOf("far"))));
        foreach (var (host, client) in ((string, string)[])[("h1", "first"), ("h1", "near"), ("h3", "far")])
        {
            using var inside = net.Open(host, client);
            foreach (var other in ((string[])["first", "near", "far", "web-1"]).Where(other => other != client))
            {
                Assert.Contains(" 0% packet loss", Cluster.Shell(inside, $"ping -c1 -W2 {net.Tables.AddressOf(other)}"));
                Assert.Contains(" 0% packet loss", Cluster.Shell(inside, $"ping -c1 -W2 {net.Tables.AddressOf(other, ipv6: true)}"));
            }

            Assert.StartsWith("web-1", net.Ask(host, client, vip, 80));
            Assert.StartsWith("web-1", net.Ask(host, client, vip.Replace("10.0.2.", "fd00:2::"), 80));
        }

        static string Start(string address) => address[..address.LastIndexOf('.')];
    }

    [Fact]
    public async Task Virtual_address_leads_to_all_who_serve_and_a_backend_reaches_itself_by_it()
    {
        var vip = net.Tables.AddService("web");
        await net.RunAsync("h1", "client");
        await WebAsync("h2", "web-1");
        await WebAsync("h3", "web-2");
        Assert.Equal(["web-1", "web-2"], Spread("h1", "client", vip));
        Assert.Equal(["web-1", "web-2"], Spread("h2", "web-1", vip));
        Assert.Equal(["web-1", "web-2"], Spread("h1", "client", vip.Replace("10.0.1.", "fd00:1::")));
    }

    [Fact]
    public async Task Service_without_backends_refuses_at_once()
    {
        var vip = net.Tables.AddService("web");
        await net.RunAsync("h1", "client");
        using var client = net.Open("h1", "client");
        Assert.Contains("Connection refused", Cluster.Shell(client, $"socat -u TCP:{vip}:80,connect-timeout=10 -"));
    }

    [Fact]
    public async Task Draining_backend_keeps_its_connections_and_gets_no_new_ones_and_one_that_ended_loses_them()
    {
        var vip = net.Tables.AddService("web");
        await net.RunAsync("h1", "client");
        await WebAsync("h2", "web-1");
        var held = net.Hold("h1", "client", vip, 80);
        Assert.StartsWith("web-1", await held.StandardOutput.ReadLineAsync());
        await WebAsync("h3", "web-2");
        net.Tables.Serving("web-1", serves: false);
        await net.ApplyAsync();
        Assert.Equal(["web-2"], Spread("h1", "client", vip));
        await held.StandardInput.WriteLineAsync("still");
        Assert.Equal("still", await held.StandardOutput.ReadLineAsync());

        var gone = net.Tables.AddressOf("web-1");
        net.Tables.RemoveTask("web-1");
        await net.ApplyAsync();
        using var client = net.Open("h1", "client");
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (Cluster.Shell(client, $"{{ conntrack -L --reply-src {gone} 2>/dev/null; }}") is { Length: > 0 } flows)
        {
            Assert.False(deadline.IsCancellationRequested, flows);
        }

        await held.StandardInput.WriteLineAsync("gone"); // the next packet finds another backend, which knows nothing of it
        Assert.Null(await held.StandardOutput.ReadLineAsync(deadline.Token));
    }

    [Fact]
    public async Task Names_lead_to_virtual_addresses_tasks_and_back()
    {
        var vip = net.Tables.AddService("web");
        await net.RunAsync("h1", "client");
        await net.RunAsync("h2", "web-1", "web");
        await net.RunAsync("h3", "web-2", "web", serves: false);
        using var client = net.Open("h1", "client");
        Assert.Equal([vip], await DnsClient.AskAsync(client, "web", RecordType.A, tcp: false));
        Assert.Equal([vip], await DnsClient.AskAsync(client, "WEB.app", RecordType.A, tcp: false));
        Assert.Equal([net.Tables.AddressOf("web-1")], await DnsClient.AskAsync(client, "tasks.web", RecordType.A, tcp: false));
        Assert.Equal([net.Tables.AddressOf("web-2")], await DnsClient.AskAsync(client, "web-2", RecordType.A, tcp: true));
        Assert.Equal(["web-1.app"], await DnsClient.AskAsync(client, Reversed(net.Tables.AddressOf("web-1")), RecordType.Ptr, tcp: false));
        Assert.Equal([vip.Replace("10.0.1.", "fd00:1::")], await DnsClient.AskAsync(client, "web", RecordType.Aaaa, tcp: false));
    }

    [Fact]
    public async Task Published_port_shows_the_clients_own_address_by_every_host()
    {
        net.Tables.AddService("web", new PortConfig { Protocol = PortProtocol.Tcp, TargetPort = 80, PublishedPort = Port });
        await WebAsync("h2", "web-1");
        await WebAsync("h3", "web-2");
        foreach (var number in (int[])[1, 2, 3])
        {
            var answers = Enumerable.Range(0, 24).Select(_ => Cluster.Ask(net.Client, $"192.0.2.{number}", Port)).Distinct().Order().ToList();
            Assert.Equal([$"web-1 {Cluster.ClientAddress}", $"web-2 {Cluster.ClientAddress}"], answers);
        }

        Assert.StartsWith("web-", Cluster.Ask(net.Hosts["h1"], "127.0.0.1", Port));
        Assert.StartsWith("web-", Cluster.Ask(net.Hosts["h1"], "192.0.2.1", Port));
        Assert.StartsWith("web-", Cluster.Ask(net.Hosts["h2"], "192.0.2.2", Port));
        Assert.Equal(["web-1", "web-2"], Spread("h2", "web-1", "192.0.2.2", Port)); // its own host, by which it reaches itself too
        Assert.Equal(["web-1", "web-2"], Spread("h2", "web-1", "192.0.2.1", Port));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Client_of_the_other_family_is_seen_with_its_own_address_where_the_ingress_network_has_it(bool hasOldWayOut)
    {
        await using var wide = await Cluster.StartAsync(hosts: 2, tables => tables.WidenIngress());
        if (hasOldWayOut)
        {
            await wide.Daemon("h2").CreateAsync(Ask.For("docker_gwbridge"), default); // IPv4 only, as an earlier version made it
        }

        wide.Tables.AddService("web", new PortConfig { TargetPort = 80, PublishedPort = Port });
        wide.Tables.AddService("names", new PortConfig { Protocol = PortProtocol.Udp, TargetPort = 53, PublishedPort = 5353 });
        await wide.RunAsync("h2", "web-1", "web");
        await wide.RunAsync("h2", "names-1", "names");
        wide.Serve("h2", "web-1", 80);
        wide.ServeDatagrams("h2", "names-1", 53);
        foreach (var number in (int[])[1, 2])
        {
            Assert.Equal($"web-1 [{Whole(Cluster.ClientAddress6)}]", Cluster.Ask(wide.Client, $"2001:db8::{number}", Port));
            Assert.Equal($"web-1 {Cluster.ClientAddress}", Cluster.Ask(wide.Client, $"192.0.2.{number}", Port));
            Assert.Equal(hasOldWayOut ? "" : $"names-1 [{Whole(Cluster.ClientAddress6)}]", Cluster.AskByDatagram(wide.Client, $"2001:db8::{number}", 5353));
        }

        // As socat writes it.
        static string Whole(string address) =>
            string.Join(':', System.Net.IPAddress.Parse(address).GetAddressBytes().Chunk(2).Select(pair => ((pair[0] << 8) | pair[1]).ToString("x4")));
    }

    [Fact]
    public async Task Published_udp_port_answers_a_client_under_its_own_address()
    {
        net.Tables.AddService("names", new PortConfig { Protocol = PortProtocol.Udp, TargetPort = 53, PublishedPort = 5353 });
        await net.RunAsync("h2", "names-1", "names");
        net.ServeDatagrams("h2", "names-1", 53);
        Assert.Equal($"names-1 {Cluster.ClientAddress}", Cluster.AskByDatagram(net.Client, "192.0.2.1", 5353));
        Assert.Equal($"names-1 {Cluster.ClientAddress}", Cluster.AskByDatagram(net.Client, "192.0.2.2", 5353));
    }

    [Fact]
    public async Task A_client_may_come_by_two_hosts_to_one_backend_from_one_port_of_its_own()
    {
        net.Tables.AddService("web", new PortConfig { Protocol = PortProtocol.Tcp, TargetPort = 80, PublishedPort = Port });
        await WebAsync("h3", "web-1");
        await net.ApplyAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var connections = new List<StreamReader>();
        foreach (var number in (int[])[1, 2, 3])
        {
            var socket = net.Client.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(IPAddress.Any, 40000));
            await socket.ConnectAsync(IPAddress.Parse($"192.0.2.{number}"), Port, limit.Token);
            connections.Add(new StreamReader(new NetworkStream(socket, ownsSocket: true)));
            Assert.Equal($"web-1 {Cluster.ClientAddress}", await connections[^1].ReadLineAsync(limit.Token));
        }

        foreach (var connection in connections) // each is its own
        {
            var word = $"word {connections.IndexOf(connection)}";
            await connection.BaseStream.WriteAsync(Encoding.ASCII.GetBytes(word + "\n"), limit.Token);
            Assert.Equal(word, await connection.ReadLineAsync(limit.Token));
        }

        connections.ForEach(connection => connection.Dispose());
    }

    [Fact]
    public async Task Published_port_without_backends_refuses_at_once_and_one_of_a_service_that_went_is_free()
    {
        net.Tables.AddService("web", new PortConfig { TargetPort = 80, PublishedPort = Port });
        await net.ApplyAsync();
        Assert.Contains("Connection refused", Cluster.Shell(net.Client, $"socat -u TCP:192.0.2.1:{Port},connect-timeout=10 -"));
        Assert.Contains("in use", Cluster.Shell(net.Hosts["h1"], $"timeout 5 socat -u TCP-LISTEN:{Port},reuseaddr -"));

        net.Tables.Change(TableMaker.Ingress, table => table with { Services = table.Services.Clear() });
        await net.ApplyAsync();
        Assert.DoesNotContain("in use", Cluster.Shell(net.Hosts["h1"], $"timeout 0.3 socat -u TCP-LISTEN:{Port},reuseaddr -"));
    }

    [Fact]
    public async Task Local_first_prefers_the_hosts_own_backends()
    {
        net.Tables.AddService("web", new PortConfig { TargetPort = 80, PublishedPort = Port });
        net.Tables.ChangeService("web", service => service with { LocalFirst = true });
        await WebAsync("h2", "web-1");
        await WebAsync("h3", "web-2");
        Assert.Equal(["web-1"], Enumerable.Range(0, 12).Select(_ => Cluster.Ask(net.Client, "192.0.2.2", Port).Split(' ')[0]).Distinct());
        Assert.Equal(["web-2"], Enumerable.Range(0, 12).Select(_ => Cluster.Ask(net.Client, "192.0.2.3", Port).Split(' ')[0]).Distinct());
        Assert.Equal(["web-1", "web-2"], Enumerable.Range(0, 24).Select(_ => Cluster.Ask(net.Client, "192.0.2.1", Port).Split(' ')[0]).Distinct().Order());
    }

    private async Task WebAsync(string host, string task)
    {
        await net.RunAsync(host, task, task[..task.IndexOf('-')]);
        net.Serve(host, task, 80);
    }

    private List<string> Spread(string host, string container, string address, int port = 80) =>
        [.. Enumerable.Range(0, 24).Select(_ => net.Ask(host, container, address, port).Split(' ')[0]).Distinct().Order()];

    private static string Reversed(string address) => string.Join('.', address.Split('.').Reverse()) + ".in-addr.arpa";
}
