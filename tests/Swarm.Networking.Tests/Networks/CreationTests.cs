using System.Net;
using Swarm.Networking.Bridge;
using Swarm.Networking.Ipam;
using Swarm.Networking.Netlink;
using Swarm.Networking.Networks;

namespace Swarm.Networking.Tests.Networks;

/// <summary>Making, keeping and removing user networks, and what is refused, in Docker's words.</summary>
public sealed class CreationTests : IAsyncLifetime
{
    private Topology net = null!;

    public async Task InitializeAsync() => net = await Topology.StartAsync();

    public async Task DisposeAsync() => await net.DisposeAsync();

    [Fact]
    public async Task Default_subnets_come_one_after_the_other_and_a_removed_ones_is_free_again()
    {
        var one = await net.Bridge.CreateAsync(Ask.For("one"), default);
        var two = await net.Bridge.CreateAsync(Ask.For("two") with { EnableIPv6 = true }, default);
        Assert.Equal("172.18.0.0/16", one.Pools[0].Subnet.ToString());
        Assert.Equal("172.19.0.1", two.Pools[0].Gateway!.ToString());
        Assert.Equal(64, two.Pools[1].Subnet.PrefixLength);
        await net.Bridge.RemoveAsync("one", default);
        Assert.Equal("172.18.0.0/16", (await net.Bridge.CreateAsync(Ask.For("three"), default)).Pools[0].Subnet.ToString());
    }

    [Fact]
    public async Task Default_pools_of_the_node_are_used_up_and_then_refused()
    {
        net.Options = net.Options with { DefaultPools = [new DefaultPool(IPNetwork.Parse("10.60.0.0/23"), 24)] };
        await net.RestartAsync(); // the default bridge keeps what it has
        Assert.Equal("10.60.0.0/24", (await net.Bridge.CreateAsync(Ask.For("one"), default)).Pools[0].Subnet.ToString());
        Assert.Equal("10.60.1.0/24", (await net.Bridge.CreateAsync(Ask.For("two"), default)).Pools[0].Subnet.ToString());
        var full = await Assert.ThrowsAsync<NetworkFault>(() => net.Bridge.CreateAsync(Ask.For("three"), default));
        Assert.Equal("all predefined address pools have been fully subnetted", full.Message);
    }

    [Fact]
    public async Task Network_is_there_after_a_restart_with_the_same_id_addresses_and_containers_and_gone_after_its_removal()
    {
        var made = await net.Bridge.CreateAsync(
            Ask.For("kept").With("10.61.0.0/24", "10.61.0.128/25", "10.61.0.250", ("router", "10.61.0.128")) with { Labels = Sorted("a", "b"), Attachable = true }, default);
        await net.Bridge.AttachToAsync("web", "kept");
        await net.RestartAsync();
        var found = net.Bridge.Records[made.Id];
        Assert.Equal((made.Name, made.Created, made.Labels["a"], true), (found.Name, found.Created, found.Labels["a"], found.Attachable));
        Assert.Equal(
            (made.Pools[0].Subnet, made.Pools[0].Range, made.Pools[0].Gateway, made.Pools[0].Auxiliary["router"]),
            (found.Pools[0].Subnet, found.Pools[0].Range, found.Pools[0].Gateway, found.Pools[0].Auxiliary["router"]));
        Assert.Equal("10.61.0.129", net.Bridge.Sandboxes["web"].Endpoints[0].Address!.ToString());
        Assert.Equal("10.61.0.130", (await net.Bridge.AttachToAsync("web2", "kept")).Endpoints[0].Address!.ToString());
        await net.Bridge.DetachAsync("web", default);
        await net.Bridge.DetachAsync("web2", default);
        await net.Bridge.RemoveAsync("kept", default);
        await net.RestartAsync();
        Assert.False(net.Bridge.Records.ContainsKey(made.Id));
        using var route = RouteSocket.In(net.Host);
        Assert.Null(route.FindLink("br-" + made.Id[..12]));
        Assert.DoesNotContain("10.61.0.0", net.Nft("list", "ruleset"), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(net.Options.StateFolder));
    }

    [Fact]
    public async Task Bridge_of_a_user_network_that_was_deleted_is_made_again_by_a_restart()
    {
        var made = await net.Bridge.CreateAsync(Ask.For("one"), default);
        await net.Bridge.AttachToAsync("a", "one");
        await net.Bridge.AttachToAsync("b", "one");
        net.Serve("a", 80);
        await net.StopAsync();
        using (var route = RouteSocket.In(net.Host))
        {
            route.DeleteLink("br-" + made.Id[..12]);
        }

        await net.RestartAsync();
        Assert.StartsWith("a ", net.Ask("b", "172.18.0.2", 80), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Network_with_a_container_on_it_is_not_removed()
    {
        await net.Bridge.CreateAsync(Ask.For("one"), default);
        var endpoint = (await net.Bridge.AttachToAsync("web", "one")).Endpoints[0];
        var fault = await Assert.ThrowsAsync<NetworkFault>(() => net.Bridge.RemoveAsync("one", default));
        Assert.Equal(
            (NetworkFaultKind.Forbidden, $"error while removing network: network one has active endpoints (name:\"web\" id:\"{endpoint.EndpointId[..12]}\")"),
            (fault.Kind, fault.Message));
    }

    [Fact]
    public async Task Link_of_the_host_that_a_network_is_put_on_stays_when_the_network_goes()
    {
        using var route = RouteSocket.In(net.Host);
        route.AddBridge("mine0");
        await net.Bridge.CreateAsync(Ask.For("one").Option("bridge.name", "mine0"), default);
        var twin = await Assert.ThrowsAsync<NetworkFault>(() => net.Bridge.CreateAsync(Ask.For("two").Option("bridge.name", "mine0"), default));
        Assert.EndsWith("networks have same bridge name", twin.Message, StringComparison.Ordinal);
        await net.Bridge.RemoveAsync("one", default);
        Assert.NotNull(route.FindLink("mine0"));
    }

    public static TheoryData<NetworkSpec, NetworkFaultKind, string> Refusals => new()
    {
        { Ask.For(" "), NetworkFaultKind.Invalid, "invalid name: name is empty" },
        { Ask.For("host"), NetworkFaultKind.Forbidden, "operation is not permitted on predefined host network " },
        { Ask.For("there"), NetworkFaultKind.Conflict, "network with name there already exists" },
        { Ask.For("x") with { Driver = "null" }, NetworkFaultKind.Forbidden, "only one instance of \"null\" network is allowed" },
        { Ask.For("x") with { Driver = "ipvlan" }, NetworkFaultKind.Unsupported, "networks of the driver ipvlan are not built in this version: the drivers are bridge and macvlan" },
        { Ask.For("x").Plainly("macvlan_mode", "odd") with { Driver = "macvlan" }, NetworkFaultKind.Invalid, "requested macvlan mode 'odd' is not valid, 'bridge' mode is the macvlan driver default" },
        { Ask.For("x").Plainly("parent", "lo") with { Driver = "macvlan" }, NetworkFaultKind.Invalid, "loopback interface is not a valid macvlan parent link" },
        { Ask.For("x").Plainly("parent", "wrong0") with { Driver = "macvlan" }, NetworkFaultKind.Invalid, "invalid subinterface vlan name wrong0, example formatting is eth0.10" },
        { Ask.For("x").Plainly("parent", "wrong0.7") with { Driver = "macvlan" }, NetworkFaultKind.Invalid, "failed to create the wrong0.7 sub-interface: the requested parent interface wrong0 was not found on the host" },
        { Ask.For("x") with { Driver = "weave" }, NetworkFaultKind.NotFound, "could not find plugin weave in v1 plugin registry: plugin \"weave\" not found" },
        { Ask.For("x") with { EnableIPv4 = false }, NetworkFaultKind.Invalid, "IPv4 or IPv6 must be enabled" },
        { Ask.For("x").With("10.70.0.0/16"), NetworkFaultKind.Forbidden, "invalid pool request: Pool overlaps with other one on this address space" },
        { Ask.For("x").With("10.71.0.0/24").With("10.72.0.0/24"), NetworkFaultKind.Forbidden, "bridge driver doesn't support multiple subnets" },
        { Ask.For("x").With("10.71.0.0"), NetworkFaultKind.Invalid, "invalid network config:\ninvalid subnet 10.71.0.0: invalid CIDR block notation" },
        { Ask.For("x").With("10.71.0.1/24"), NetworkFaultKind.Invalid, "invalid network config:\ninvalid subnet 10.71.0.1/24: it should be 10.71.0.0/24" },
        {
            Ask.For("x").With("10.71.0.0/24", "10.72.0.0/25", "10.72.0.1"), NetworkFaultKind.Invalid,
            "invalid network config:\n* invalid ip-range 10.72.0.0/25: parent subnet 10.71.0.0/24 doesn't contain ip-range\n* invalid gateway 10.72.0.1: parent subnet 10.71.0.0/24 doesn't contain this address"
        },
        { Ask.For("x").Option("driver.mtu", "many"), NetworkFaultKind.Invalid, "invalid value for option com.docker.network.driver.mtu: \"many\"" },
        { Ask.For("x").Option("bridge.enable_icc", "perhaps"), NetworkFaultKind.Invalid, "invalid value for option com.docker.network.bridge.enable_icc: \"perhaps\"" },
        { Ask.For("x").Option("bridge.name", "a name\"; flush"), NetworkFaultKind.Invalid, "invalid value for option com.docker.network.bridge.name: \"a name\"; flush\"" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task What_cannot_be_had_is_refused_and_leaves_nothing(NetworkSpec spec, NetworkFaultKind kind, string message)
    {
        await net.Bridge.CreateAsync(Ask.For("there").With("10.70.1.0/24"), default);
        var fault = await Assert.ThrowsAsync<NetworkFault>(() => net.Bridge.CreateAsync(spec, default));
        Assert.Equal((kind, message), (fault.Kind, fault.Message));
        Assert.Single(Directory.GetFiles(net.Options.StateFolder));
        Assert.Equal(4, net.Bridge.Records.Count);
    }

    [Fact]
    public async Task A_configuration_is_held_by_one_network_and_taken_by_another()
    {
        await net.Bridge.CreateAsync(Ask.For("plan").With("10.75.0.0/24", range: "10.75.0.128/25").Option("driver.mtu", "1400") with { ConfigOnly = true, Driver = "bridge" }, default);
        var held = NetworkLookup.Get(net.Bridge.Records, "plan");
        Assert.Equal((true, "null"), (held.ConfigOnly, held.Driver));
        var none = await Assert.ThrowsAsync<NetworkFault>(() => net.Bridge.AttachToAsync("a", "plan"));
        Assert.Equal(NetworkFaultKind.Invalid, none.Kind);

        var taken = await net.Bridge.CreateAsync(Ask.For("n") with { ConfigFrom = "plan" }, default);
        Assert.Equal(("plan", "10.75.0.0/24", "1400"), (taken.ConfigFrom, taken.Pools[0].Subnet.ToString(), taken.Options["com.docker.network.driver.mtu"]));
        await net.RestartAsync();
        Assert.Equal("10.75.0.129", (await net.Bridge.AttachToAsync("a", "n")).Endpoints[0].Address!.ToString());
        Assert.Equal("configuration network \"plan\" is in use", (await Assert.ThrowsAsync<NetworkFault>(() => net.Bridge.RemoveAsync("plan", default))).Message);
        await net.Bridge.DetachAsync("a", default);
        await net.Bridge.RemoveAsync("n", default);
        await net.Bridge.RemoveAsync("plan", default);
        Assert.Empty(Directory.GetFiles(net.Options.StateFolder));
    }

    public static TheoryData<NetworkSpec, NetworkFaultKind, string> ConfigurationRefusals => new()
    {
        { Ask.For("x") with { ConfigOnly = true, Internal = true }, NetworkFaultKind.Forbidden, "configuration network can only contain network specific fields. Network operator fields like [ ingress | internal | attachable | scope ] are not supported." },
        { Ask.For("x") with { ConfigOnly = true, ConfigFrom = "plan" }, NetworkFaultKind.Forbidden, "a configuration network cannot depend on another configuration network" },
        { Ask.For("x").With("10.76.0.0/24") with { ConfigFrom = "plan" }, NetworkFaultKind.Forbidden, "user supplied configurations are not supported if the network depends on a configuration network" },
        { Ask.For("x") with { ConfigFrom = "nowhere" }, NetworkFaultKind.NotFound, "configuration network \"nowhere\" not found" },
    };

    [Theory]
    [MemberData(nameof(ConfigurationRefusals))]
    public async Task A_configuration_that_cannot_be_had_is_refused(NetworkSpec spec, NetworkFaultKind kind, string message)
    {
        await net.Bridge.CreateAsync(Ask.For("plan") with { ConfigOnly = true }, default);
        var fault = await Assert.ThrowsAsync<NetworkFault>(() => net.Bridge.CreateAsync(spec, default));
        Assert.Equal((kind, message), (fault.Kind, fault.Message));
    }

    [Fact]
    public async Task Networks_are_found_by_id_name_and_the_beginning_of_one_id()
    {
        var one = await net.Bridge.CreateAsync(Ask.For("one"), default);
        foreach (var term in (string[])[one.Id, "one", one.Id[..20]])
        {
            Assert.Equal(one.Id, NetworkLookup.Get(net.Bridge.Records, term).Id);
        }

        Assert.Equal("network two not found", Assert.Throws<NetworkFault>(() => NetworkLookup.Get(net.Bridge.Records, "two")).Message);
        var named = await net.Bridge.CreateAsync(Ask.For(one.Id[..4]), default);
        Assert.Equal(named.Id, NetworkLookup.Get(net.Bridge.Records, one.Id[..4]).Id);
    }

    [Fact]
    public async Task Names_of_a_file_that_is_no_network_stop_the_daemon_rather_than_the_network()
    {
        await net.StopAsync();
        File.WriteAllText(Path.Combine(net.Options.StateFolder, "x.json"), "{");
        await Assert.ThrowsAsync<InvalidDataException>(net.RestartAsync);
        File.Delete(Path.Combine(net.Options.StateFolder, "x.json"));
        await net.RestartAsync();
    }

    private static System.Collections.Immutable.ImmutableSortedDictionary<string, string> Sorted(string name, string value) =>
        System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add(name, value);
}
