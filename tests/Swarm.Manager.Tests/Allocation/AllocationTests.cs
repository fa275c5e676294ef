using System.Collections.Immutable;
using Microsoft.Extensions.Time.Testing;
using Swarm.Manager.Allocation;
using Swarm.Manager.Control;
using Swarm.Manager.Loops;
using Swarm.Manager.Orchestration;
using Swarm.Manager.Reaping;
using Swarm.Manager.Scheduling;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Tests.Allocation;

public sealed class AllocationTests
{
    private readonly LoopDriver _cluster = new(
        new FakeTimeProvider(), new OrchestrationLoop(new Random(1)), new AllocationLoop(new Random(2)), new SchedulingLoop(), new ReapingLoop());

    public AllocationTests()
    {
        _cluster.Write(transaction => transaction.Create(new Cluster { Id = "cluster" }));
        _cluster.Node("node0");
        _cluster.Settle();
    }

    private IEnumerable<SwarmTask> Running => _cluster.View.Tasks.Where(task => task.Status.State == TaskState.Running);

    private Network Ingress => _cluster.View.Networks.Single(network => network.Ingress);

    [Fact]
    public void A_cluster_begins_with_an_ingress_network_on_which_every_node_has_an_address()
    {
        _cluster.Node("node1");
        _cluster.Settle();
        Assert.Equal(("ingress", "10.0.0.0/24", "10.0.0.1", 4097), (Ingress.Annotations.Name, Ingress.Pools[0].Subnet, Ingress.Pools[0].Gateway, Ingress.Vni));
        Assert.Equal(["10.0.0.2/24", "10.0.0.3/24"], _cluster.View.Nodes.SelectMany(node => node.Networks.Single().Addresses).Order());
    }

    [Fact]
    public void An_ingress_network_that_was_removed_does_not_come_back()
    {
        _cluster.Write(transaction => transaction.Delete(Ingress));
        _cluster.Settle();
        Assert.Empty(_cluster.View.Networks);
        Assert.All(_cluster.View.Nodes, node => Assert.Empty(node.Networks));
    }

    [Fact]
    public void A_service_and_each_of_its_tasks_have_an_address_on_every_network()
    {
        Network("one", "10.1.0.0/24");
        Network("two", "10.2.0.0/24", ipv6: true);
        var service = Service("web", 3, ["one", "two"], new PortConfig { TargetPort = 80 });

        var addresses = Running.SelectMany(task => task.Networks).Concat(Vips(service)).SelectMany(place => place.Addresses).ToList();
        Assert.All(Running, task => Assert.Equal(["one", "two", Ingress.Id], task.Networks.Select(place => place.NetworkId)));
        Assert.All(Running, task => Assert.Equal([1, 2, 1], task.Networks.Select(place => place.Addresses.Length)));
        Assert.Equal(3, Running.Count());
        Assert.Equal(addresses.Count, addresses.Distinct().Count());
        var endpoint = _cluster.View.Services.Find("web")!.Endpoint;
        Assert.Equal(["one", "two", "two", Ingress.Id], endpoint.VirtualIps.Select(one => one.NetworkId));
        Assert.Equal(30000, endpoint.Ports.Single().PublishedPort);
    }

    [Fact]
    public void On_a_network_that_each_node_makes_a_task_has_a_place_without_an_address()
    {
        _cluster.Write(transaction => transaction.Create(new Network { Id = "own", Annotations = new Annotations { Name = "own" }, Driver = new DriverConfig { Name = "macvlan" } }));
        Network("one", "10.1.0.0/24");
        var service = Service("web", 2, ["own", "one"]);
        Assert.Equal(2, Running.Count());
        Assert.All(Running, task => Assert.Equal([("own", 0), ("one", 1)], task.Networks.Select(place => (place.NetworkId, place.Addresses.Length))));
        Assert.Equal(["one"], Vips(service).Select(place => place.NetworkId));
        _cluster.ChangeLeader();
        Update("web", spec => spec with { Replicas = 3 });
        Assert.Equal(3, Running.Count());
    }

    [Fact]
    public void Virtual_addresses_and_chosen_ports_stay_through_updates_and_go_with_what_they_were_for()
    {
        Network("one", "10.1.0.0/24");
        Network("two", "10.2.0.0/24");
        Service("web", 1, ["one"], new PortConfig { TargetPort = 80 });
        var before = _cluster.View.Services.Find("web")!.Endpoint;
        Update("web", spec => spec with
        {
            Task = spec.Task with { Networks = [new NetworkAttachmentConfig { Target = "one" }, new NetworkAttachmentConfig { Target = "two" }] },
            Endpoint = new EndpointSpec { Ports = [new PortConfig { TargetPort = 81 }, new PortConfig { TargetPort = 80 }] },
        });
        var after = _cluster.View.Services.Find("web")!.Endpoint;
        Assert.Equal(before.VirtualIps, after.VirtualIps.Where(one => one.NetworkId != "two"));
        Assert.Equal([30001, 30000], after.Ports.Select(port => port.PublishedPort));
        Update("web", spec => spec with { Endpoint = new EndpointSpec { Mode = ResolutionMode.DnsRoundRobin } });
        Assert.Empty(_cluster.View.Services.Find("web")!.Endpoint.VirtualIps);
        Assert.Equal(["one", "two"], Assert.Single(Running).Networks.Select(place => place.NetworkId));
    }

    [Fact]
    public void A_task_that_finds_no_address_says_so_and_goes_on_when_one_is_free()
    {
        // Of eight addresses: the network's, the gateway's, the broadcast, and one for the service.
        Network("small", "10.1.0.0/29");
        Service("web", 6, ["small"]);
        Assert.Equal(4, Running.Count());
        var waiting = _cluster.View.Tasks.Where(task => task.Status.State == TaskState.New).ToList();
        Assert.Equal(2, waiting.Count);
        Assert.All(waiting, task => Assert.Equal("waiting for a free address: network small (10.1.0.0/29) has none left", task.Status.Error));
        Service("later", 1, ["small"]);
        Assert.Contains("has none left", _cluster.View.TasksOfService("later").Single().Status.Error);

        Update("web", spec => spec with { Replicas = 1 });
        Assert.Equal("", _cluster.View.TasksOfService("later").Single().Status.Error);
        Assert.Equal(2, Running.Count());
    }

    [Fact]
    public void A_network_of_several_subnets_gives_from_the_first_that_has_room()
    {
        // Of eight addresses five are free in each; the service has one.
        Network("one", "10.1.0.0/29", "10.2.0.0/29");
        Service("web", 6, ["one"]);
        Assert.Equal(["10.1.0.3/29", "10.1.0.4/29", "10.1.0.5/29", "10.1.0.6/29", "10.2.0.2/29", "10.2.0.3/29"], Addresses("web"));
        _cluster.ChangeLeader();
        Attach("a", "10.2.0.6");
        Attach("b", "10.2.0.2");
        Assert.Equal(["10.2.0.6/29"], _cluster.View.Tasks.Find("a")!.Networks.Single().Addresses.ToArray());
        Assert.Null(_cluster.View.Tasks.Find("b")); // refused, and taken away
        Update("web", spec => spec with { Replicas = 9 });
        Assert.Equal(8, Running.Count(task => task.ServiceId == "web"));
        var waiting = _cluster.View.TasksOfService("web").Single(task => task.Status.State == TaskState.New);
        Assert.Equal("waiting for a free address: network one (10.1.0.0/29, 10.2.0.0/29) has none left", waiting.Status.Error);
        _cluster.Write(transaction => transaction.Delete(_cluster.View.Tasks.Find("a")!));
        Catch();
        Assert.Contains("10.2.0.6/29", Addresses("web"));
    }

    [Fact]
    public void Addresses_rest_before_they_are_given_again_also_after_the_leader_changed()
    {
        Network("one", "10.1.0.0/28");
        Service("web", 2, ["one"]);
        Assert.Equal(["10.1.0.3/28", "10.1.0.4/28"], Addresses("web"));
        Update("web", spec => spec with { Replicas = 0 });
        _cluster.ChangeLeader();
        Update("web", spec => spec with { Replicas = 2 });
        Assert.Equal(["10.1.0.5/28", "10.1.0.6/28"], Addresses("web"));
    }

    [Fact]
    public void What_is_held_is_known_to_the_next_leader()
    {
        Network("small", "10.1.0.0/29");
        Service("web", 3, ["small"]);
        _cluster.ChangeLeader();
        Service("more", 3, ["small"]);
        var held = _cluster.View.Tasks.Where(task => !task.Status.State.IsTerminal()).SelectMany(task => task.Networks)
            .Concat(_cluster.View.Services.SelectMany(service => Vips(service))).SelectMany(place => place.Addresses).ToList();
        Assert.Equal(held.Count, held.Distinct().Count());
        Assert.Equal(5, held.Count);
    }

    [Fact]
    public async Task A_former_leader_can_not_give_what_its_successor_has_given()
    {
        Network("one", "10.1.0.0/24");
        using var watch = _cluster.Store.Watch();
        var former = Begun();
        var successor = Begun();
        foreach (var id in (string[])["a", "b"])
        {
            _cluster.Write(transaction => transaction.Create(new Service
            {
                Id = id,
                Spec = new ServiceSpec { Annotations = new Annotations { Name = id }, Replicas = 0, Task = new TaskSpec { Networks = [new NetworkAttachmentConfig { Target = "one" }] } },
            }));
        }

        // Each hears of one of the services: neither knows what the other gives.
        var formers = Decided(former);
        var successors = Decided(successor);
        Assert.True((await _cluster.Store.CommitAsync(successors.Transaction, CancellationToken.None)).IsCommitted);
        var refused = await _cluster.Store.CommitAsync(formers.Transaction, CancellationToken.None);
        Assert.Equal((CommitStatus.Conflict, "one"), (refused.Status, refused.ObjectId));

        AllocationLoop Begun()
        {
            var loop = new AllocationLoop(new Random(3));
            loop.Reset(_cluster.View, TimeSpan.Zero);
            return loop;
        }

        ChangeBatch Decided(AllocationLoop loop)
        {
            Assert.True(watch.Commits.TryRead(out var commit));
            loop.Observe(commit);
            var batch = new ChangeBatch(StoreTransaction.MaxChanges);
            loop.Decide(_cluster.View, batch, _cluster.Time.GetUtcNow(), TimeSpan.Zero);
            return batch;
        }
    }

    [Fact]
    public void A_port_is_of_one_service_and_the_other_waits_for_it()
    {
        var port = new PortConfig { TargetPort = 80, PublishedPort = 8080 };
        Service("first", 1, [], port);
        Service("second", 1, [], port);
        Assert.Equal("port '8080' is already in use by service 'first' (first) as an ingress port", _cluster.View.TasksOfService("second").Single().Status.Error);
        _cluster.Write(transaction => transaction.Update(_cluster.View.Services.Find("first")! with { PendingDelete = true }));
        Catch();
        Assert.Equal("second", Assert.Single(Running).ServiceId);
        Assert.Equal(8080, _cluster.View.Services.Find("second")!.Endpoint.Ports.Single().PublishedPort);
    }

    [Fact]
    public void A_first_published_port_brings_tasks_that_are_on_the_ingress_network_and_another_port_does_not()
    {
        var service = Service("web", 1, []);
        var bare = Assert.Single(Running);
        Update("web", spec => spec with { Endpoint = new EndpointSpec { Ports = [new PortConfig { TargetPort = 80, PublishedPort = 8080 }] } });
        var published = Assert.Single(Running);
        Assert.NotEqual(bare.Id, published.Id);
        Assert.Equal(Ingress.Id, published.Networks.Single().NetworkId);
        Update("web", spec => spec with { Endpoint = new EndpointSpec { Ports = [new PortConfig { TargetPort = 80, PublishedPort = 8081 }] } });
        Assert.Equal(published.Id, Assert.Single(Running).Id);
        Assert.Equal(8081, _cluster.View.Services.Find(service.Id)!.Endpoint.Ports.Single().PublishedPort);
    }

    [Fact]
    public void A_containers_place_is_given_at_once_with_the_address_that_was_asked_for_or_refused()
    {
        Network("one", "10.1.0.0/29");
        Attach("a", "10.1.0.5");
        Attach("b", "10.1.0.5");
        Attach("c", "");
        Assert.Equal(["10.1.0.5/29"], _cluster.View.Tasks.Find("a")!.Networks.Single().Addresses.ToArray());
        Assert.Equal(TaskState.Running, _cluster.View.Tasks.Find("c")!.Status.State);

        // The reaper has taken the refused one away.
        Assert.Null(_cluster.View.Tasks.Find("b"));
    }

    [Fact]
    public async Task A_network_is_asked_for_and_made_with_what_the_loop_gives_from()
    {
        var control = new NetworkControl(_cluster.Store, new IdSource(new Random(3)), TimeProvider.System);
        var made = await control.CreateAsync(
            new Network { Annotations = new Annotations { Name = "made" }, AskedPools = [new NetworkPool { Subnet = "10.9.0.0/24", Range = "10.9.0.128/30" }] }, CancellationToken.None);
        Service("web", 2, [made.Id]);
        Assert.Equal(["10.9.0.129/24", "10.9.0.130/24"], Addresses("web"));
        Assert.Equal("10.9.0.128/24", _cluster.View.Services.Find("web")!.Endpoint.VirtualIps.Single().Address);
    }

    private void Attach(string id, string asked)
    {
        _cluster.Write(transaction => transaction.Create(new SwarmTask
        {
            Id = id,
            NodeId = "node0",
            DesiredState = TaskState.Running,
            Spec = new TaskSpec
            {
                Attached = new AttachedContainer { ContainerId = "c-" + id, Asked = asked.Length > 0 ? [asked] : [] },
                Networks = [new NetworkAttachmentConfig { Target = "one" }],
            },
        }));
        _cluster.Settle();
    }

    private void Network(string id, string subnet, string? second = null, bool ipv6 = false)
    {
        var pools = ((string?[])[subnet, second]).OfType<string>().Select(one => new NetworkPool { Subnet = one, Gateway = one.Replace("0/", "1/").Split('/')[0] }).ToImmutableArray();
        _cluster.Write(transaction => transaction.Create(new Network
        {
            Id = id,
            Annotations = new Annotations { Name = id },
            EnableIPv6 = ipv6,
            Pools = ipv6 ? [.. pools, new NetworkPool { Subnet = "fd00::/64", Gateway = "fd00::1" }] : pools,
        }));
    }

    private Service Service(string id, ulong replicas, string[] networks, params PortConfig[] ports)
    {
        _cluster.Write(transaction => transaction.Create(new Service
        {
            Id = id,
            Spec = new ServiceSpec
            {
                Annotations = new Annotations { Name = id },
                Replicas = replicas,
                Task = new TaskSpec { Networks = [.. networks.Select(network => new NetworkAttachmentConfig { Target = network })] },
                Endpoint = new EndpointSpec { Ports = [.. ports] },
            },
        }));
        Catch();
        return _cluster.View.Services.Find(id)!;
    }

    private void Update(string id, Func<ServiceSpec, ServiceSpec> change)
    {
        var service = _cluster.View.Services.Find(id)!;
        _cluster.Write(transaction => transaction.Update(service with { Spec = change(service.Spec), PreviousSpec = service.Spec, SpecVersion = service.Meta.Version, UpdateStatus = null }));
        for (var round = 0; round < 5; round++)
        {
            Catch();
            _cluster.Time.Advance(TimeSpan.FromSeconds(6));
        }
    }

    private void Catch()
    {
        for (var round = 0; round < 3; round++)
        {
            _cluster.Settle();
            _cluster.AgentsCatchUp();
        }

        _cluster.Settle();
    }

    private IEnumerable<string> Addresses(string service) => Running.Where(task => task.ServiceId == service).SelectMany(task => task.Networks).SelectMany(place => place.Addresses).Order(StringComparer.Ordinal);

    private static IEnumerable<NetworkAttachment> Vips(Service service) =>
        service.Endpoint.VirtualIps.Select(one => new NetworkAttachment { NetworkId = one.NetworkId, Addresses = [one.Address] });
}
