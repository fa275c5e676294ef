using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Swarm.Linux;
using Swarm.Model;
using Swarm.Networking.Netlink;

namespace Swarm.Networking.Tests.Overlay;

/// <summary>What of an encrypted network is on the wire, who hears it, and how its keys change.</summary>
public sealed class EncryptedOverlayTests : IAsyncLifetime
{
    private const int Vxlan = 4789, Sealed = 4790, Port = 8080;
    private const string Words = "plainly-readable-words";

    private Cluster net = null!;

    public async Task InitializeAsync() => net = await Cluster.StartAsync(hosts: 2, tables =>
    {
        tables.Encrypt(TableMaker.App);
        tables.Encrypt(TableMaker.Ingress);
    });

    public async Task DisposeAsync() => await net.DisposeAsync();

    [Fact]
    public async Task Nothing_of_it_can_be_read_on_the_wire()
    {
        var vip = net.Tables.AddService(Words, new PortConfig { TargetPort = 80, PublishedPort = Port });
        await net.RunAsync("h1", "client");
        await net.RunAsync("h2", Words + "-1", Words);
        net.Serve("h2", Words + "-1", 80);
        using var tap = new WireTap(net.Hosts["h2"]);
        Assert.StartsWith(Words, net.Ask("h1", "client", vip, 80));
        Assert.StartsWith(Words, net.Ask("h1", "client", net.Tables.AddressOf(Words + "-1", ipv6: true), 80));
        var frames = tap.Take();
        Assert.True(WireTap.Datagrams(frames, Sealed).Count >= 16); // two connections
        Assert.Empty(WireTap.Datagrams(frames, Vxlan));
        Assert.DoesNotContain(frames, IsReadable);

        // By a published port what the client says is plain between it and the node that it asks, and sealed from there on.
        using var underlay = new WireTap(net.Hosts["h2"]);
        Assert.Equal($"{Words}-1 {Cluster.ClientAddress}", Cluster.Ask(net.Client, "192.0.2.1", Port));
        Assert.DoesNotContain(underlay.Take(), IsReadable);

        static bool IsReadable(byte[] frame) => frame.AsSpan().IndexOf(Encoding.ASCII.GetBytes(Words)) >= 0;
    }

    [Fact]
    public async Task Links_have_room_for_what_sealing_adds()
    {
        var (a, b) = await PairAsync();
        const int carried = 1500 - 20 - 8 - 48 - 50, headers = 28;
        Assert.Contains(" 0% packet loss", Cluster.Shell(a, $"ping -c1 -W2 -M do -s {carried - headers} {b}"));
        Assert.Contains("message too long", Cluster.Shell(a, $"ping -c1 -W2 -M do -s {carried - headers + 1} {b}"), StringComparison.OrdinalIgnoreCase);
        a.Dispose();
    }

    [Fact]
    public async Task Keys_change_without_a_packet_lost()
    {
        var (a, b) = await PairAsync();
        using var pinging = a.Start(new System.Diagnostics.ProcessStartInfo("ping", ["-q", "-i", "0.005", b]) { RedirectStandardOutput = true });
        using var tap = new WireTap(net.Hosts["h2"]);
        for (var turn = 0; turn < 6; turn++)
        {
            // One host is ahead of the other for a while, first this one, then that one.
            net.Tables.Rotate(TableMaker.App);
            await net.ApplyAsync(turn % 2 == 0 ? "h1" : "h2");
            await SomeAsync();
            await net.ApplyAsync();
            await SomeAsync();
        }

        Cluster.Shell(a, $"kill -INT {pinging.Id}");
        var counts = System.Text.RegularExpressions.Regex.Match(await pinging.StandardOutput.ReadToEndAsync(), "([0-9]+) packets transmitted, ([0-9]+) received");
        var (sent, answered) = (int.Parse(counts.Groups[1].Value), int.Parse(counts.Groups[2].Value));
        Assert.True(sent > 48 && sent - answered <= 1, counts.Value); // the last may be under way
        Assert.Equal(7, net.Daemon("h1").Tables[TableMaker.App].Keys!.Current);
        a.Dispose();

        async Task SomeAsync()
        {
            var seen = 0;
            await Waiting.UntilAsync("it comes to pass", () => (seen += WireTap.Datagrams(tap.Take(), Sealed).Count) > 8);
        }
    }

    [Fact]
    public async Task Node_with_a_wrong_key_is_not_heard()
    {
        var (a, b) = await PairAsync();
        Assert.Contains(" 0% packet loss", Cluster.Shell(a, $"ping -c1 -W2 {b}"));
        var right = net.Tables.Now()[TableMaker.App].Keys;
        net.Tables.Change(TableMaker.App, table => table with { Keys = table.Keys! with { All = [.. table.Keys.All.Select(key => TableMaker.Key(key.Number))] } });
        await net.ApplyAsync("h2");
        var before = Heard(a);
        using var other = net.Open("h2", "b");
        Assert.Contains("100% packet loss", Cluster.Shell(other, $"ping -c3 -i 0.1 -W1 {net.Tables.AddressOf("a")}"));
        Assert.Equal(before, Heard(a));

        net.Tables.Change(TableMaker.App, table => table with { Keys = right });
        await net.ApplyAsync("h2");
        Assert.Contains(" 0% packet loss", Cluster.Shell(other, $"ping -c1 -W2 {net.Tables.AddressOf("a")}"));
        a.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Plain_frames_reach_nobody(bool isEncrypted)
    {
        await using var other = isEncrypted ? null : await Cluster.StartAsync(hosts: 2);
        var cluster = other ?? net;
        await cluster.RunAsync("h1", "a");
        using var a = cluster.Open("h1", "a");
        var mac = Cluster.Shell(a, "ip -o link show eth0 | grep -o 'ether [0-9a-f:]*' | cut -d' ' -f2").Trim();
        var before = Heard(a);
        Cluster.Shell(cluster.Client, $"ip link add x0 type vxlan id 4097 dstport {Vxlan} remote 192.0.2.1 && ip addr add 10.0.1.77/24 dev x0 && ip link set x0 up && ip neigh add {cluster.Tables.AddressOf("a")} lladdr {mac} dev x0");
        Cluster.Shell(cluster.Client, $"ping -c3 -i 0.1 -W1 {cluster.Tables.AddressOf("a")}");
        Assert.Equal(isEncrypted ? 0 : 3, Heard(a) - before);
    }

    [Fact]
    public async Task Recorded_datagrams_are_heard_once()
    {
        var (a, b) = await PairAsync();
        using var tap = new WireTap(net.Hosts["h1"]);
        using var other = net.Open("h2", "b");
        Assert.Contains(" 0% packet loss", Cluster.Shell(other, $"ping -c3 -i 0.1 -W2 {net.Tables.AddressOf("a")}"));
        var recorded = WireTap.Datagrams(tap.Take(), Sealed);
        var before = Heard(a);
        net.Client.Run(() =>
        {
            using var sender = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            recorded.ForEach(datagram => sender.SendTo(datagram, new IPEndPoint(IPAddress.Parse("192.0.2.1"), Sealed)));
        });
        Assert.Contains(" 0% packet loss", Cluster.Shell(other, $"ping -c1 -W2 {net.Tables.AddressOf("a")}")); // came behind them
        Assert.Equal(before + 1, Heard(a));
        a.Dispose();
        Assert.NotEmpty(b);
    }

    [Fact]
    public async Task Restarted_daemon_goes_on_by_what_it_was_told_before()
    {
        var (a, b) = await PairAsync();
        net.Tables.Rotate(TableMaker.App);
        await net.ApplyAsync();
        await net.RestartAsync("h1");
        Assert.Contains(" 0% packet loss", Cluster.Shell(a, $"ping -c1 -W2 {b}"));
        await net.RestartAsync("h2");
        Assert.Contains(" 0% packet loss", Cluster.Shell(a, $"ping -c1 -W2 {b}"));
        a.Dispose();
    }

    [Theory]
    [InlineData("nsenter --net={0}/overlay/sealed ip link del sealed")]
    [InlineData("nsenter --net={0}/overlay/netns ip link del vx-appnetwork12")]
    public async Task What_somebody_takes_away_is_put_back(string command)
    {
        var (a, b) = await PairAsync();
        Assert.Equal("", Cluster.Shell(net.Hosts["h1"], string.Format(null, command, net.RunFolder("h1"))));
        await Waiting.UntilAsync("it comes to pass", () => Cluster.Shell(a, $"ping -c1 -W1 {b}").Contains(" 0% packet loss"));
        a.Dispose();
    }

    [Fact]
    public async Task Node_whose_address_changes_is_found_there()
    {
        var (a, b) = await PairAsync();
        using (var route = RouteSocket.In(net.Hosts["h2"]))
        {
            route.DeleteAddress("up0", IPAddress.Parse("192.0.2.2"), 24);
            route.AddAddress("up0", IPAddress.Parse("192.0.2.52"), 24);
        }

        foreach (var network in (string[])[TableMaker.App, TableMaker.Ingress])
        {
            net.Tables.Change(network, table => table with { Peers = table.Peers.SetItem("h2", table.Peers["h2"] with { SealedAddress = "192.0.2.52" }) });
        }

        await net.ApplyAsync();
        Assert.Contains(" 0% packet loss", Cluster.Shell(a, $"ping -c1 -W2 {b}"));
        a.Dispose();
    }

    [Fact]
    public async Task Port_that_a_program_has_is_named_and_nothing_goes_plainly()
    {
        await using var fresh = await Cluster.StartAsync(hosts: 1);
        using var program = fresh.Hosts["h1"].Run(() =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(IPAddress.Any, Sealed));
            return socket;
        });
        var table = fresh.Tables.Now()[TableMaker.App] with { Keys = net.Tables.Now()[TableMaker.App].Keys };
        table = table with { Network = table.Network with { Id = "othernetwork12345678", Vni = 5000 }, Peers = table.Peers.SetItem("h1", new NetworkPeer { SealedAddress = "192.0.2.1" }) };
        var fault = await Assert.ThrowsAsync<NetworkFault>(() => fresh.Daemon("h1").ApplyAsync("h1", fresh.Tables.Now().Add(table.Network.Id, table), default));
        Assert.Contains("UDP port 4790 of this host, by which encrypted networks go, is taken by a program", fault.Message);
        Assert.Equal(2, fresh.Daemon("h1").Tables.Count);
    }

    [Fact]
    public async Task Nothing_is_left_when_no_network_is_named_any_more()
    {
        var (a, _) = await PairAsync();
        a.Dispose();
        await net.Daemon("h1").DetachAsync("a", default);
        await net.Daemon("h1").ApplyAsync("h1", ImmutableDictionary<string, NetworkTable>.Empty, default);
        Assert.False(File.Exists(Path.Combine(net.RunFolder("h1"), "overlay", "sealed")));
        Assert.DoesNotContain("4790", Cluster.Shell(net.Hosts["h1"], "ss -Hlun"));
    }

    /// <summary>A container at each host: the first one's namespace, and the second one's address.</summary>
    private async Task<(NetworkNamespace A, string B)> PairAsync()
    {
        await net.RunAsync("h1", "a");
        await net.RunAsync("h2", "b");
        return (net.Open("h1", "a"), net.Tables.AddressOf("b"));
    }

    /// <summary>Echo requests that a container has heard.</summary>
    private static int Heard(NetworkNamespace container) =>
        int.Parse(Cluster.Shell(container, "grep '^Icmp:' /proc/net/snmp | tail -1 | cut -d' ' -f10"));
}
