using System.Net;
using Swarm.Linux;
using Swarm.Networking.Bridge;

namespace Swarm.Networking.Tests.Overlay;

/// <summary>A small subnet: an address is soon somebody else's, at another node.</summary>
public sealed class ReusedAddressTests : IAsyncLifetime
{
    private Cluster net = null!;

    public async Task InitializeAsync()
    {
        net = await Cluster.StartAsync(hosts: 2);
        await net.RunAsync("h1", "client");
        await net.RunAsync("h2", "far");
        net.Serve("h2", "far", 80);
    }

    public async Task DisposeAsync() => await net.DisposeAsync();

    /// <summary>The kernel keeps a namespace as long as a connection of it waits for an answer; here the test does.</summary>
    [Fact]
    public async Task Container_that_ended_and_whose_namespace_lives_on_does_not_draw_its_address_back()
    {
        await net.RunAsync("h1", "ended");
        using var lingering = net.Open("h1", "ended");
        await net.Daemon("h1").DetachAsync("ended", default);
        net.Tables.Replace("ended", "h2", "next");
        await net.ApplyAsync();
        await net.AttachAsync("h2", "next");
        net.Serve("h2", "next", 80);
        Assert.Equal("", Cluster.Ask(lingering, net.Tables.AddressOf("far"), 80));
        Assert.StartsWith("next ", net.Ask("h1", "client", net.Tables.AddressOf("next"), 80));
        Assert.Empty(await net.Daemon("h1").FaultsAsync(TableMaker.App, default));
    }

    /// <summary>Also when the node hears of neither: tables that follow each other soon come as one.</summary>
    [Fact]
    public async Task Address_that_a_node_had_in_between_is_where_it_was()
    {
        var address = net.Tables.AddressOf("far");
        await AttachAsFarAsync();
        await net.Daemon("h1").DetachAsync("between", default);
        Assert.StartsWith("far ", net.Ask("h1", "client", address, 80));
        Assert.Empty(await net.Daemon("h1").FaultsAsync(TableMaker.App, default));
    }

    /// <summary>As one does that is slow to start and has been given up meanwhile.</summary>
    [Fact]
    public async Task Container_that_comes_when_its_address_is_elsewhere_does_not_draw_it_to_itself()
    {
        var address = net.Tables.AddressOf("far");
        await AttachAsFarAsync();
        net.Serve("h1", "between", 80);
        Assert.StartsWith("far ", net.Ask("h1", "client", address, 80));

        net.Tables.Replace("far", "h1", "between");
        await net.ApplyAsync();
        Assert.StartsWith("between ", net.Ask("h1", "client", address, 80));
        Assert.Empty(await net.Daemon("h1").FaultsAsync(TableMaker.App, default));
    }

    /// <summary>Also where somebody took a container's link away, which comes back with its next start alone.</summary>
    [Fact]
    public async Task Tunnel_that_is_made_anew_leaves_what_is_written_of_this_node()
    {
        await net.RunAsync("h1", "near");
        net.Serve("h1", "near", 80);
        using (var overlay = NetworkNamespace.Open(Path.Combine(net.RunFolder("h1"), "overlay", "netns")))
        {
            Assert.Equal("", Cluster.Shell(overlay, "ip link del $(ip -o link show type veth | grep -o 'sv[0-9a-f]*' | head -1); ip link del vx-appnetwork12"));
        }

        await Waiting.UntilAsync("the tunnel is back", () => net.Ask("h1", "near", net.Tables.AddressOf("far"), 80).StartsWith("far ", StringComparison.Ordinal));
        net.Tables.AddService("other");
        await net.ApplyAsync();
        Assert.Empty(await net.Daemon("h2").FaultsAsync(TableMaker.App, default));
    }

    private Task AttachAsFarAsync() => net.Daemon("h1").AttachAsync(
        new SandboxRequest("between", "between", [new EndpointRequest(TableMaker.App) { Address = At(ipv6: false), Address6 = At(ipv6: true) }], []),
        default);

    private IPAddress At(bool ipv6) => IPAddress.Parse(net.Tables.AddressOf("far", ipv6));
}
