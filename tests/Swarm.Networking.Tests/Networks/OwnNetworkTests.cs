using System.Collections.Immutable;
using Swarm.Model;
using Swarm.Networking.Bridge;
using Swarm.Networking.Netlink;
using Swarm.Networking.Networks;

namespace Swarm.Networking.Tests.Networks;

/// <summary>Networks of the cluster of which a node makes its own.</summary>
public sealed class OwnNetworkTests : IAsyncLifetime
{
    private const string Id = "ownnetwork1234567890";

    private Topology net = null!;

    public async Task InitializeAsync() => net = await Topology.StartAsync();

    public async Task DisposeAsync() => await net.DisposeAsync();

    [Fact]
    public async Task It_is_made_by_the_nodes_configuration_for_the_first_task_and_goes_with_the_last()
    {
        await PlanAsync();
        await ApplyAsync(Table());
        Assert.Equal(("own", "bridge", "plan", true), Known(net.Bridge.Records[Id]));
        Assert.Equal("10.60.0.2", (await net.Bridge.AttachToAsync("a", Id)).On(Id)!.Address!.ToString());
        Assert.Equal(NetworkFaultKind.Forbidden, (await Assert.ThrowsAsync<NetworkFault>(() => net.Bridge.RemoveAsync("own", default))).Kind);

        await net.StopAsync();
        await net.RestartAsync();
        Assert.Equal([Id], net.Bridge.Tables.Keys);
        Assert.Equal("10.60.0.2", net.Bridge.Sandboxes["a"].On(Id)!.Address!.ToString());
        await net.Bridge.DetachAsync("a", default);
        await ApplyAsync();
        Assert.DoesNotContain(Id, net.Bridge.Records.Keys);
        Assert.Null(Link());
    }

    [Fact]
    public async Task A_node_without_the_configuration_says_so_until_it_has_it()
    {
        await Assert.ThrowsAsync<NetworkFault>(() => ApplyAsync(Table()));
        Assert.Equal("configuration network \"plan\" not found", net.Bridge.Unsupported[Id]);
        Assert.Empty(net.Bridge.Tables);
        await PlanAsync();
        await ApplyAsync(Table());
        Assert.Equal([Id], net.Bridge.Tables.Keys);
        Assert.Empty(net.Bridge.Unsupported);
    }

    [Fact]
    public async Task A_node_without_the_parent_says_so()
    {
        var table = Table();
        await Assert.ThrowsAsync<NetworkFault>(() => ApplyAsync(table with
        {
            Network = table.Network with { Driver = new DriverConfig { Name = "macvlan", Options = ImmutableSortedDictionary<string, string>.Empty.Add("parent", "nosuch0") }, ConfigFrom = "" },
        }));
        Assert.Contains("nosuch0", net.Bridge.Unsupported[Id], StringComparison.Ordinal);
        Assert.DoesNotContain(Id, net.Bridge.Records.Keys);

        // A repair of something else makes it no more possible.
        using (var route = RouteSocket.In(net.Host))
        {
            var bridge = route.FindLink("swarm0")!.Index;
            route.DeleteLink("swarm0");
            await Waiting.UntilAsync("the bridge is made again", () => route.FindLink("swarm0") is { } made && made.Index != bridge);
        }

        await PlanAsync(); // what is asked for after it is done after it
        Assert.Contains("nosuch0", net.Bridge.Unsupported[Id], StringComparison.Ordinal);
        await ApplyAsync();
        Assert.Empty(net.Bridge.Unsupported);
    }

    [Fact]
    public async Task What_a_crash_left_of_it_goes_with_the_next_start()
    {
        await PlanAsync();
        await ApplyAsync(Table());
        await net.StopAsync();
        File.Delete(Directory.GetFiles(net.Options.RunFolder, Id, SearchOption.AllDirectories).Single()); // the table goes first
        await net.RestartAsync();
        Assert.DoesNotContain(Id, net.Bridge.Records.Keys);
        Assert.Null(Link());
        await net.Bridge.RemoveAsync("plan", default); // nobody uses it
    }

    private static (string, string, string, bool) Known(NetworkRecord record) => (record.Name, record.Driver, record.ConfigFrom, record.IsOfCluster);

    private Task PlanAsync() => net.Bridge.CreateAsync(Ask.For("plan").With("10.60.0.0/24") with { ConfigOnly = true }, default);

    private Task ApplyAsync(params NetworkTable[] tables) => net.Bridge.ApplyAsync("n1", tables.ToImmutableDictionary(table => table.Network.Id), default);

    private Link? Link()
    {
        using var route = RouteSocket.In(net.Host);
        return route.FindLink("br-" + Id[..12]);
    }

    private static NetworkTable Table() => new()
    {
        Index = 1,
        Network = new Network { Id = Id, Annotations = new Annotations { Name = "own" }, Driver = new DriverConfig { Name = "bridge" }, ConfigFrom = "plan" },
        Endpoints = ImmutableSortedDictionary<string, Model.NetworkEndpoint>.Empty.Add("t1", new Model.NetworkEndpoint { NodeId = "n1", Names = ["web.1"] }),
        Peers = ImmutableSortedDictionary<string, NetworkPeer>.Empty.Add("n1", new NetworkPeer { Address = "192.0.2.1" }),
    };
}
