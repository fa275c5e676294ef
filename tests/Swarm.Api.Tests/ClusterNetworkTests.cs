using System.Net;
using System.Text.Json;
using Swarm.Model;

namespace Swarm.Api.Tests;

/// <summary>The cluster's networks over HTTP, beside the node's own.</summary>
public sealed class ClusterNetworkTests
{
    private const string Overlay = """{"Name":"front","Driver":"overlay","Attachable":true,"IPAM":{"Driver":"default","Config":[{"Subnet":"10.7.0.0/24","IPRange":"10.7.0.128/25"}]},"Labels":{"a":"b"}}""";

    [Fact]
    public async Task A_network_of_the_cluster_is_made_shown_beside_the_nodes_own_and_removed()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        var id = (await host.PostAsync("/networks/create", Overlay, HttpStatusCode.Created)).GetProperty("Id").GetString()!;
        Assert.Equal(25, id.Length);
        Assert.Equal(["bridge local", "front swarm", "host local", "none local"], await NamesAsync(host, "{}"));
        Assert.Equal(["front swarm"], await NamesAsync(host, """{"scope":["swarm"]}"""));
        Assert.Equal(["front swarm"], await NamesAsync(host, """{"driver":["overlay"],"type":["custom"],"label":["a=b"],"dangling":["true"]}"""));

        var shown = await host.GetAsync("/networks/front");
        Assert.Equal(("swarm", "overlay", true, true), (shown.GetProperty("Scope").GetString(), shown.GetProperty("Driver").GetString(), shown.GetProperty("Attachable").GetBoolean(), shown.GetProperty("EnableIPv4").GetBoolean()));
        Assert.Equal("""[{"Subnet":"10.7.0.0/24","IPRange":"10.7.0.128/25","Gateway":"10.7.0.1"}]""", shown.GetProperty("IPAM").GetProperty("Config").GetRawText());
        Assert.Equal("4097", shown.GetProperty("Options").GetProperty("com.docker.network.driver.overlay.vxlanid_list").GetString());
        Assert.Equal("", shown.GetProperty("ConfigFrom").GetProperty("Network").GetString());
        Assert.Equal(id, (await host.GetAsync("/networks/" + id[..8])).GetProperty("Id").GetString());
        Assert.Equal((409, "network with name front already exists"), await host.RefusedAsync(HttpMethod.Post, "/networks/create", Overlay));
        Assert.Equal((409, "network with name front already exists"), await host.RefusedAsync(HttpMethod.Post, "/networks/create", """{"Name":"front","Driver":"bridge"}"""));

        Assert.Equal(HttpStatusCode.NoContent, (await host.Http.SendAsync(HttpMethod.Delete, "/networks/front")).Item1);
        Assert.Equal((404, "network front not found"), await host.RefusedAsync(HttpMethod.Get, "/networks/front"));
        Assert.Empty(host.Store.View.Networks);
    }

    [Fact]
    public async Task An_inspection_shows_nodes_containers_and_with_verbose_services()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        var id = (await host.PostAsync("/networks/create", Overlay, HttpStatusCode.Created)).GetProperty("Id").GetString()!;
        await UseAsync(host, id);
        var shown = await host.GetAsync("/networks/front");
        Assert.Equal($$"""[{"Name":"{{FakeNode.NodeId}}","IP":"10.0.0.1"}]""", shown.GetProperty("Peers").GetRawText());
        var container = shown.GetProperty("Containers").GetProperty("c1");
        Assert.Equal(("web.1.t1", "10.7.0.130/24", "02:42:0a:07:00:82"), (container.GetProperty("Name").GetString(), container.GetProperty("IPv4Address").GetString(), container.GetProperty("MacAddress").GetString()));
        Assert.False(shown.TryGetProperty("Services", out _));

        var web = (await host.GetAsync("/networks/front?verbose=true")).GetProperty("Services").GetProperty("web");
        Assert.Equal(("10.7.0.129", "Target: 80, Publish: 8080"), (web.GetProperty("VIP").GetString(), web.GetProperty("Ports")[0].GetString()));
        Assert.Equal("10.7.0.130", web.GetProperty("Tasks")[0].GetProperty("EndpointIP").GetString());

        var service = await host.GetAsync("/services/web");
        Assert.Equal($$"""[{"NetworkID":"{{id}}","Addr":"10.7.0.129/24"}]""", service.GetProperty("Endpoint").GetProperty("VirtualIPs").GetRawText());
        var task = Assert.Single((await host.GetAsync("/tasks")).EnumerateArray());
        var place = task.GetProperty("NetworksAttachments")[0];
        Assert.Equal(("front", "10.7.0.130/24"), (place.GetProperty("Network").GetProperty("Spec").GetProperty("Name").GetString(), place.GetProperty("Addresses")[0].GetString()));
        Assert.Equal((400, $"rpc error: code = FailedPrecondition desc = network {id} is in use by service web"), await host.RefusedAsync(HttpMethod.Delete, "/networks/front"));
        Assert.Empty(await NamesAsync(host, """{"dangling":["true"]}"""));
    }

    [Fact]
    public async Task Pruning_takes_the_clusters_unused_networks_too()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        var used = (await host.PostAsync("/networks/create", Overlay, HttpStatusCode.Created)).GetProperty("Id").GetString()!;
        await UseAsync(host, used);
        await host.PostAsync("/networks/create", """{"Name":"idle","Driver":"overlay"}""", HttpStatusCode.Created);
        await host.PostAsync("/networks/create", """{"Name":"in","Driver":"overlay","Ingress":true}""", HttpStatusCode.Created);
        Assert.Equal("""{"NetworksDeleted":["idle"]}""", (await host.PostAsync("/networks/prune", "")).GetRawText());
        Assert.Equal(["front", "in"], host.Store.View.Networks.Select(network => network.Annotations.Name).Order());
    }

    [Theory]
    [InlineData("""{"Name":"a","Driver":"overlay","EnableIPv4":false}""", 400, "IPv4 cannot be disabled in a Swarm scoped network")]
    [InlineData("""{"Name":"a","Driver":"ipvlan","Scope":"swarm"}""", 501, "network a: swarm networks of the driver ipvlan are not built in this version: the drivers are overlay, bridge and macvlan")]
    [InlineData("""{"Name":"a","Driver":"overlay","Ingress":true,"Attachable":true}""", 400, "rpc error: code = InvalidArgument desc = ingress network cannot be attachable")]
    [InlineData("""{"Name":"a","Driver":"overlay","Ingress":true,"IPAM":{"Config":[{"Subnet":"10.0.0.0/24"},{"Subnet":"10.0.1.0/24"}]}}""", 501, "network a: more than one subnet of a family is not built for the ingress network")]
    public async Task What_can_not_be_had_is_refused(string body, int status, string message)
    {
        await using var host = await ClusterHost.StartManagerAsync();
        Assert.Equal((status, message), await host.RefusedAsync(HttpMethod.Post, "/networks/create", body));
        Assert.Empty(host.Store.View.Networks);
    }

    [Fact]
    public async Task Only_managers_make_networks_of_the_cluster()
    {
        await using var host = await ClusterHost.StartAsync();
        var (status, message) = await host.RefusedAsync(HttpMethod.Post, "/networks/create", Overlay);
        Assert.Equal(503, status);
        Assert.StartsWith("This node is not a swarm manager. Use \"docker swarm init\"", message);
        await host.Node.JoinAsync(null!, CancellationToken.None);
        Assert.StartsWith("This node is not a swarm manager. Worker nodes", (await host.RefusedAsync(HttpMethod.Post, "/networks/create", Overlay)).Message);
        Assert.Equal(["bridge local", "host local", "none local"], await NamesAsync(host, "{}"));
    }

    [DockerFact]
    public async Task The_docker_command_makes_lists_and_inspects_an_overlay()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        var socket = host.Http.SocketPath;
        var id = (await DockerCli.OkAsync(socket, "network", "create", "-d", "overlay", "--attachable", "--subnet", "10.7.0.0/24", "front")).Trim();
        await UseAsync(host, id);
        Assert.Contains("overlay   swarm", await DockerCli.OkAsync(socket, "network", "ls"));
        Assert.Contains("10.7.0.129", await DockerCli.OkAsync(socket, "network", "inspect", "--verbose", "front"));
        Assert.Contains("*:8080->80/tcp", await DockerCli.OkAsync(socket, "service", "ls"));
        await DockerCli.OkAsync(socket, "service", "create", "-d", "--no-resolve-image", "--network", "front", "--name", "other", "busybox");
        Assert.Equal(id, host.Store.View.Services.FindByName("other")!.Spec.Task.Networks.Single().Target);
    }

    private static Task UseAsync(ClusterHost host, string network) => host.CommitAsync(transaction => transaction
        .Create(new Service
        {
            Id = "web",
            Spec = new ServiceSpec
            {
                Annotations = new Annotations { Name = "web" },
                Task = new TaskSpec { Container = new ContainerSpec { Image = "busybox" }, Networks = [new NetworkAttachmentConfig { Target = network }] },
            },
            Endpoint = new ServiceEndpoint
            {
                VirtualIps = [new VirtualIp { NetworkId = network, Address = "10.7.0.129/24" }],
                Ports = [new PortConfig { TargetPort = 80, PublishedPort = 8080 }],
            },
        })
        .Create(new SwarmTask
        {
            Id = "t1",
            Name = "web.1.t1",
            ServiceId = "web",
            Slot = 1,
            NodeId = FakeNode.NodeId,
            DesiredState = TaskState.Running,
            Networks = [new NetworkAttachment { NetworkId = network, Addresses = ["10.7.0.130/24"] }],
            Status = new Model.TaskStatus { State = TaskState.Running, Container = new ContainerStatus { ContainerId = "c1" } },
        })
        .Create(new SwarmTask { Id = "place", NodeId = FakeNode.NodeId, Spec = new TaskSpec { Attached = new AttachedContainer { ContainerId = "c2" } }, DesiredState = TaskState.Running }));

    private static async Task<string[]> NamesAsync(ClusterHost host, string filters)
    {
        var list = await host.GetAsync("/networks?filters=" + Uri.EscapeDataString(filters));
        return [.. list.EnumerateArray().Select(one => $"{one.GetProperty("Name").GetString()} {one.GetProperty("Scope").GetString()}").Order(StringComparer.Ordinal)];
    }
}
