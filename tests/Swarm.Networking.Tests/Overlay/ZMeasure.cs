using System.Diagnostics;
using System.Collections.Immutable;
using Swarm.Model;
using Swarm.Networking.Bridge;
using Xunit.Abstractions;
namespace Swarm.Networking.Tests.Overlay;
public sealed class ZMeasure(ITestOutputHelper output)
{
    [Fact]
    public async Task Measure()
    {
        await using var net = await Cluster.StartAsync(2);
        var t = net.Tables;
        t.Change(TableMaker.App, table => table with { Network = table.Network with { EnableIPv6 = false, Pools = [new NetworkPool { Subnet = "10.8.0.0/16" }] } });
        for (var s = 0; s < 100; s++) { var id = $"s{s}"; t.Change(TableMaker.App, table => table with { Services = table.Services.SetItem(id, new NetworkService { Names = [id], VirtualIps = [$"10.8.200.{s}"] }) }); }
        for (var e = 0; e < 1000; e++) { var id = $"t{e:d4}"; t.Change(TableMaker.App, table => table with { Endpoints = table.Endpoints.SetItem(id, new NetworkEndpoint { NodeId = e < 50 ? "h1" : "h2", Addresses = [$"10.8.{1 + e / 250}.{1 + e % 250}/16"], Names = [id], ServiceId = $"s{e % 100}", IsServing = true }) }); }
        var h1 = net.Daemon("h1");
        var sw = Stopwatch.StartNew();
        await h1.ApplyAsync("h1", t.Now(), default);
        output.WriteLine($"first apply, no containers: {sw.ElapsedMilliseconds} ms"); sw.Restart();
        for (var e = 0; e < 50; e++) await h1.AttachAsync(new SandboxRequest($"c{e}", $"c{e}", [new EndpointRequest(TableMaker.App) { Address = System.Net.IPAddress.Parse($"10.8.{1 + e / 250}.{1 + e % 250}") }], []), default);
        output.WriteLine($"50 containers attached: {sw.ElapsedMilliseconds} ms");
        for (var round = 0; round < 3; round++)
        {
            t.Change(TableMaker.App, table => table with { Endpoints = table.Endpoints.SetItem($"t{500 + round:d4}", table.Endpoints[$"t{500 + round:d4}"] with { IsServing = false }) });
            sw.Restart(); await h1.ApplyAsync("h1", t.Now(), default);
            output.WriteLine($"one endpoint drains: {sw.ElapsedMilliseconds} ms");
        }
        t.Change(TableMaker.App, table => table with { Endpoints = table.Endpoints.RemoveRange(Enumerable.Range(500, 500).Select(e => $"t{e:d4}")) });
        sw.Restart(); await h1.ApplyAsync("h1", t.Now(), default);
        output.WriteLine($"500 of 1000 endpoints go: {sw.ElapsedMilliseconds} ms");
        for (var e = 500; e < 1000; e++) { var id = $"t{e:d4}"; t.Change(TableMaker.App, table => table with { Endpoints = table.Endpoints.SetItem(id, new NetworkEndpoint { NodeId = "h2", Addresses = [$"10.8.{1 + e / 250}.{1 + e % 250}/16"], Names = [id], ServiceId = $"s{e % 100}", IsServing = true }) }); }
        sw.Restart(); await h1.ApplyAsync("h1", t.Now(), default);
        output.WriteLine($"500 endpoints come, all 100 services change: {sw.ElapsedMilliseconds} ms");
        sw.Restart(); await net.RestartAsync("h1");
        output.WriteLine($"restart of the daemon: {sw.ElapsedMilliseconds} ms");
    }

    [Fact]
    public async Task Throughput()
    {
        await using var net = await Cluster.StartAsync(2);
        await net.RunAsync("h1", "a"); await net.RunAsync("h2", "b");
        using var a = net.Open("h1", "a"); using var b = net.Open("h2", "b");
        string Iperf(Swarm.Linux.NetworkNamespace server, Swarm.Linux.NetworkNamespace client, string address)
        {
            Cluster.Shell(server, "iperf3 -s -1 -D --logfile /dev/null; sleep 0.4");
            return Cluster.Shell(client, $"iperf3 -c {address} -t 3 -f g | grep receiver");
        }
        Cluster.Shell(net.Hosts["h1"], "ip link add vp type vxlan id 77 dstport 4999 remote 192.0.2.2 local 192.0.2.1; ip addr add 10.99.0.1/24 dev vp; ip link set vp up");
        Cluster.Shell(net.Hosts["h2"], "ip link add vp type vxlan id 77 dstport 4999 remote 192.0.2.1 local 192.0.2.2; ip addr add 10.99.0.2/24 dev vp; ip link set vp up");
        for (var i = 0; i < 2; i++)
        {
            output.WriteLine("plain vxlan host-host: " + Iperf(net.Hosts["h2"], net.Hosts["h1"], "10.99.0.2"));
            output.WriteLine("overlay:               " + Iperf(b, a, net.Tables.AddressOf("b")));
            output.WriteLine("underlay:              " + Iperf(net.Hosts["h2"], net.Hosts["h1"], "192.0.2.2"));
        }
    }
}
