using System.Collections.Immutable;
using Swarm.Manager.Control;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Tests.Control;

public sealed class NetworkControlTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly MemoryStore _memory = new(TimeProvider.System);
    private readonly ScriptedStore _store;
    private readonly NetworkControl _control;

    public NetworkControlTests()
    {
        _store = new ScriptedStore(_memory);
        _control = new NetworkControl(_store, new IdSource(new Random(7)), TimeProvider.System);
        Write(new StoreTransaction().Create(new Cluster { Id = "cluster", NetworksMade = 1, DefaultAddressPool = ["10.0.0.0/22"] }));
    }

    [Fact]
    public async Task Networks_get_the_next_free_subnet_and_identifier_and_give_them_back()
    {
        var first = await _control.CreateAsync(Asked("a"), None);
        var second = await _control.CreateAsync(Asked("b"), None);
        Assert.Equal(("10.0.0.0/24", "10.0.0.1", 4097), (first.Pools.Single().Subnet, first.Pools.Single().Gateway, first.Vni));
        Assert.Equal(("10.0.1.0/24", 4098), (second.Pools.Single().Subnet, second.Vni));
        await _control.RemoveAsync("a", None);
        var third = await _control.CreateAsync(Asked("c"), None);
        Assert.Equal(("10.0.0.0/24", 4097), (third.Pools.Single().Subnet, third.Vni));
    }

    [Fact]
    public async Task Two_that_are_made_at_once_never_share_a_subnet()
    {
        // The other comes between this one's reading and its commit, as from another manager.
        _store.Before = async () =>
        {
            _store.Before = null;
            await new NetworkControl(_memory, new IdSource(new Random(8)), TimeProvider.System).CreateAsync(Asked("other"), None);
        };
        var mine = await _control.CreateAsync(Asked("mine"), None);
        Assert.Equal(["10.0.0.0/24", "10.0.1.0/24"], _memory.View.Networks.Select(network => network.Pools.Single().Subnet).Order());
        Assert.Equal("10.0.1.0/24", mine.Pools.Single().Subnet);
    }

    [Fact]
    public async Task What_is_asked_for_is_had()
    {
        var made = await _control.CreateAsync(
            Asked("a", new NetworkPool { Subnet = "192.168.7.9/24", Range = "192.168.7.128/25", Auxiliary = Aux("router", "192.168.7.1") }) with
            {
                EnableIPv6 = true,
                Driver = new DriverConfig { Name = "overlay", Options = Aux("com.docker.network.driver.overlay.vxlanid_list", "9000") },
            },
            None);
        Assert.Equal(9000, made.Vni);
        Assert.Equal(("192.168.7.0/24", "192.168.7.2"), (made.Pools[0].Subnet, made.Pools[0].Gateway));
        Assert.StartsWith("fd", made.Pools[1].Subnet);
        Assert.EndsWith("::/64", made.Pools[1].Subnet);
    }

    [Fact]
    public async Task A_network_that_each_node_makes_has_no_addresses_of_the_clusters()
    {
        var made = await _control.CreateAsync(Asked("a") with { Driver = new DriverConfig { Name = "macvlan" }, ConfigFrom = "cfg" }, None);
        Assert.Equal((0, 0, "cfg"), (made.Vni, made.Pools.Length, made.ConfigFrom));
        var both = await Assert.ThrowsAsync<ControlException>(() =>
            _control.CreateAsync(Asked("b", new NetworkPool { Subnet = "10.9.0.0/24" }) with { Driver = new DriverConfig { Name = "macvlan" }, ConfigFrom = "cfg" }, None));
        Assert.Equal((403, "user supplied configurations are not supported if the network depends on a configuration network"), (both.Status, both.Message));
        Assert.Equal(501, (await Assert.ThrowsAsync<ControlException>(() => _control.CreateAsync(Asked("b") with { ConfigFrom = "cfg" }, None))).Status);
    }

    [Fact]
    public async Task Several_subnets_are_had_if_they_are_apart()
    {
        var made = await _control.CreateAsync(
            Asked("a", new NetworkPool { Subnet = "10.8.0.0/24" }, new NetworkPool { Subnet = "fd08::/64" }, new NetworkPool { Subnet = "10.9.0.0/24", Gateway = "10.9.0.7" }) with { EnableIPv6 = true }, None);
        Assert.Equal([("10.8.0.0/24", "10.8.0.1"), ("10.9.0.0/24", "10.9.0.7"), ("fd08::/64", "fd08::1")], made.Pools.Select(pool => (pool.Subnet, pool.Gateway)));
        var clash = await Assert.ThrowsAsync<ControlException>(() =>
            _control.CreateAsync(Asked("b", new NetworkPool { Subnet = "10.10.0.0/24" }, new NetworkPool { Subnet = "10.10.0.128/25" }), None));
        Assert.Equal(
            (400, "rpc error: code = InvalidArgument desc = invalid pool request: Pool overlaps with other one on this address space: 10.10.0.128/25 overlaps 10.10.0.0/24"), (clash.Status, clash.Message));
        var ingress = await Assert.ThrowsAsync<ControlException>(() =>
            _control.CreateAsync(Asked("c", new NetworkPool { Subnet = "10.10.0.0/24" }, new NetworkPool { Subnet = "10.11.0.0/24" }) with { Ingress = true }, None));
        Assert.Equal(501, ingress.Status);
    }

    [Theory]
    [InlineData("not a name", "overlay", "10.9.0.0/24", "", "", 400, "rpc error: code = InvalidArgument desc = name must be valid as a DNS name component")]
    [InlineData("host", "overlay", "10.9.0.0/24", "", "", 403, "host is a pre-defined network and cannot be created")]
    [InlineData("used", "overlay", "10.9.0.0/24", "", "", 409, "network with name used already exists")]
    [InlineData("a", "ipvlan", "10.9.0.0/24", "", "", 501, "network a: swarm networks of the driver ipvlan are not built in this version: the drivers are overlay, bridge and macvlan")]
    [InlineData("a", "host", "10.9.0.0/24", "", "", 403, "only one instance of \"host\" network is allowed")]
    [InlineData("a", "overlay", "10.9.0.0", "", "", 400, "rpc error: code = InvalidArgument desc = ipam configuration: invalid subnet 10.9.0.0")]
    [InlineData("a", "overlay", "10.9.0.0/31", "", "", 400, "rpc error: code = InvalidArgument desc = ipam configuration: invalid subnet 10.9.0.0/31: it has too few addresses")]
    [InlineData("a", "overlay", "10.9.0.0/24", "10.8.0.0/25", "", 400, "rpc error: code = InvalidArgument desc = ipam configuration: subnet 10.9.0.0/24 does not contain range 10.8.0.0/25")]
    [InlineData("a", "overlay", "10.9.0.0/24", "", "10.9.1.1", 400, "rpc error: code = InvalidArgument desc = ipam configuration: subnet 10.9.0.0/24 does not contain gateway 10.9.1.1")]
    [InlineData("a", "overlay", "10.0.0.0/16", "", "", 400, "rpc error: code = InvalidArgument desc = invalid pool request: Pool overlaps with other one on this address space: 10.0.0.0/16 overlaps 10.0.0.0/24 of network used")]
    public async Task What_can_not_be_is_refused_and_nothing_changes(string name, string driver, string subnet, string range, string gateway, int status, string message)
    {
        await _control.CreateAsync(Asked("used"), None);
        var asked = Asked(name, new NetworkPool { Subnet = subnet, Range = range, Gateway = gateway }) with { Driver = new DriverConfig { Name = driver } };
        var index = _memory.View.Index;
        var refused = await Assert.ThrowsAsync<ControlException>(() => _control.CreateAsync(asked, None));
        Assert.Equal((status, message), (refused.Status, refused.Message));
        Assert.Equal(index, _memory.View.Index);
    }

    [Fact]
    public async Task An_exhausted_pool_is_said()
    {
        foreach (var name in (string[])["a", "b", "c", "d"])
        {
            await _control.CreateAsync(Asked(name), None);
        }

        var refused = await Assert.ThrowsAsync<ControlException>(() => _control.CreateAsync(Asked("e"), None));
        Assert.Contains("could not find an available, non-overlapping IPv4 address pool", refused.Message);
    }

    [Fact]
    public async Task One_ingress_network_is_enough_and_it_stays_while_a_service_needs_it()
    {
        var ingress = await _control.CreateAsync(Asked("mine") with { Ingress = true }, None);
        var second = await Assert.ThrowsAsync<ControlException>(() => _control.CreateAsync(Asked("other") with { Ingress = true }, None));
        Assert.Equal((409, $"rpc error: code = AlreadyExists desc = ingress network ({ingress.Id}) is already present"), (second.Status, second.Message));
        Write(new StoreTransaction().Create(new Service { Id = "web", Spec = new ServiceSpec { Endpoint = new EndpointSpec { Ports = [new PortConfig { TargetPort = 80 }] } } }));
        var needed = await Assert.ThrowsAsync<ControlException>(() => _control.RemoveAsync("mine", None));
        Assert.Equal("rpc error: code = FailedPrecondition desc = ingress network cannot be removed because service web depends on it", needed.Message);
    }

    [Fact]
    public async Task A_network_that_is_used_stays()
    {
        var network = await _control.CreateAsync(Asked("a"), None);
        var config = ImmutableArray.Create(new NetworkAttachmentConfig { Target = network.Id });
        Write(new StoreTransaction().Create(new Service { Id = "web", Spec = new ServiceSpec { Task = new TaskSpec { Networks = config } } }));
        var byService = await Assert.ThrowsAsync<ControlException>(() => _control.RemoveAsync("a", None));
        Assert.Equal((400, $"rpc error: code = FailedPrecondition desc = network {network.Id} is in use by service web"), (byService.Status, byService.Message));
        Write(new StoreTransaction().Delete(_memory.View.Services.Find("web")!).Create(new SwarmTask { Id = "task", DesiredState = TaskState.Running, Spec = new TaskSpec { Networks = config } }));
        var byTask = await Assert.ThrowsAsync<ControlException>(() => _control.RemoveAsync("a", None));
        Assert.Equal($"rpc error: code = FailedPrecondition desc = network {network.Id} is in use by task task", byTask.Message);
        Assert.Equal("network b not found", (await Assert.ThrowsAsync<ControlException>(() => _control.RemoveAsync("b", None))).Message);
    }

    [Fact]
    public async Task A_service_names_networks_as_users_do_and_keeps_their_ids()
    {
        var network = await _control.CreateAsync(Asked("front"), None);
        var services = new ServiceControl(_store, new IdSource(new Random(9)), new ServiceValidation(_ => null), TimeProvider.System, name => name is "mine" or "host" ? name : null);
        foreach (var input in (string[])["front", network.Id, network.Id[..6]])
        {
            var made = await services.CreateAsync(On(input), None);
            Assert.Equal(network.Id, _memory.View.Services.Find(made.Id)!.Spec.Task.Networks.Single().Target);
        }

        Assert.Equal("host", (await services.CreateAsync(On("host"), None)).Spec.Task.Networks.Single().Target);
        var local = await Assert.ThrowsAsync<ControlException>(() => services.CreateAsync(On("mine"), None));
        Assert.Equal((403, "The network mine cannot be used with services. Only networks scoped to the swarm can be used, such as those created with the overlay driver."), (local.Status, local.Message));
        var none = await Assert.ThrowsAsync<ControlException>(() => services.CreateAsync(On("other"), None));
        Assert.Equal((404, "network other not found"), (none.Status, none.Message));
    }

    private static ServiceSpec On(string network) => new()
    {
        Task = new TaskSpec { Container = new ContainerSpec { Image = "busybox" }, Networks = [new NetworkAttachmentConfig { Target = network }] },
    };

    private static Network Asked(string name, params NetworkPool[] pools) => new()
    {
        Annotations = new Annotations { Name = name },
        Driver = new DriverConfig { Name = "overlay" },
        AskedPools = [.. pools],
    };

    private static ImmutableSortedDictionary<string, string> Aux(string key, string value) => ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, [KeyValuePair.Create(key, value)]);

    private void Write(StoreTransaction transaction) => Assert.True(_memory.CommitAsync(transaction, None).Result.IsCommitted);
}
