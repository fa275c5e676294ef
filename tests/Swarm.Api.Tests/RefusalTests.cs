using System.Net;
using Swarm.Model;

namespace Swarm.Api.Tests;

/// <summary>Docker's status and text of each refusal that a client may stand on.</summary>
public sealed class RefusalTests
{
    private const string Good = "{\"Name\":\"web\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"busybox\"}}}";

    [Theory]
    [InlineData("{\"Name\":\"web\",\"TaskTemplate\":{}}", 400, "mismatched Runtime and *Spec fields")]
    [InlineData("{\"Name\":\"web\",\"TaskTemplate\":{\"ContainerSpec\":{}}}", 400, "rpc error: code = InvalidArgument desc = ContainerSpec: image reference must be provided")]
    [InlineData("{\"Name\":\"web\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"Busy Box\"}}}", 400, "rpc error: code = InvalidArgument desc = ContainerSpec: \"Busy Box\" is not a valid repository/tag")]
    [InlineData("{\"Name\":\"a.b\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"busybox\"}}}", 400, "rpc error: code = InvalidArgument desc = name must be valid as a DNS name component")]
    [InlineData("{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"b\"},\"Placement\":{\"Constraints\":[\"oops\"]}}}", 400, "rpc error: code = Unknown desc = constraint expected one operator from ==, !=")]
    [InlineData("{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"b\"},\"Resources\":{\"Limits\":{\"NanoCPUs\":10000}}}}", 400, "rpc error: code = InvalidArgument desc = invalid cpu value 1e-05: Must be at least 0.001")]
    [InlineData("{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"b\"},\"Resources\":{\"Reservations\":{\"MemoryBytes\":1024}}}}", 400, "rpc error: code = InvalidArgument desc = invalid memory value 1024: Must be at least 4MiB")]
    [InlineData("{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"b\"},\"RestartPolicy\":{\"Condition\":\"maybe\"}}}", 400, "invalid RestartCondition: \"maybe\"")]
    [InlineData("{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"b\"},\"RestartPolicy\":{\"Delay\":-1}}}", 400, "rpc error: code = InvalidArgument desc = TaskSpec: restart-delay cannot be negative")]
    [InlineData("{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"b\",\"Mounts\":[{\"Type\":\"volume\",\"Target\":\"/a\"},{\"Type\":\"tmpfs\",\"Target\":\"/a\"}]}}}", 400, "rpc error: code = InvalidArgument desc = ContainerSpec: duplicate mount point: /a")]
    [InlineData("{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"b\",\"Mounts\":[{\"Type\":\"odd\",\"Target\":\"/a\"}]}}}", 400, "invalid MountType: \"odd\"")]
    [InlineData("{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"b\",\"Healthcheck\":{\"Interval\":50}}}}", 400, "rpc error: code = InvalidArgument desc = ContainerSpec: Interval in HealthConfig cannot be less than 1ms")]
    [InlineData("{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"b\",\"Secrets\":[{\"SecretID\":\"x\",\"SecretName\":\"s\",\"File\":{\"Name\":\"s\"}}]}}}", 400, "rpc error: code = InvalidArgument desc = secret not found: s")]
    [InlineData("{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"b\"}},\"UpdateConfig\":{\"MaxFailureRatio\":2}}", 400, "rpc error: code = InvalidArgument desc = TaskSpec: update-maxfailureratio cannot be less than 0 or bigger than 1")]
    [InlineData("{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"b\"}},\"Mode\":{\"Global\":{},\"Replicated\":{}}}", 400, "must specify only one service mode")]
    [InlineData("{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"b\"}},\"EndpointSpec\":{\"Mode\":\"dnsrr\",\"Ports\":[{\"TargetPort\":80}]}}", 400, "rpc error: code = InvalidArgument desc = EndpointSpec: port published with ingress mode can't be used with dnsrr mode")]
    [InlineData("{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"b\"}},\"EndpointSpec\":{\"Ports\":[{\"TargetPort\":80}]}}", 400, "rpc error: code = FailedPrecondition desc = service needs ingress network, but no ingress network is present")]
    [InlineData("{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"b\"},\"Networks\":[{\"Target\":\"over\"}]}}", 404, "network over not found")]
    [InlineData("""{"Name":"a","TaskTemplate":{"ContainerSpec":{"Image":"busybox"},"Networks":[null]}}""", 400, "invalid JSON: null in a list of NetworkAttachmentConfig")]
    public async Task Service_that_can_not_be_is_refused(string body, int status, string message)
    {
        await using var host = await ClusterHost.StartManagerAsync();
        Assert.Equal((status, message), await host.RefusedAsync(HttpMethod.Post, "/services/create", body));
        Assert.Empty(host.Store.View.Services);
    }

    [Theory]
    [InlineData("{\"Name\":\"web\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"b\",\"Mounts\":[{\"Type\":\"npipe\",\"Source\":\"/a\",\"Target\":\"/a\"}]}}}", "mounts of type npipe")]
    public async Task What_is_not_built_is_said_and_not_taken(string body, string said)
    {
        await using var host = await ClusterHost.StartManagerAsync();
        var (status, message) = await host.RefusedAsync(HttpMethod.Post, "/services/create", body);
        Assert.Equal(501, status);
        Assert.Contains(said, message);
        Assert.Empty(host.Store.View.Services);
    }

    [Fact]
    public async Task Name_is_unique_until_the_service_is_removed()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        var first = (await host.PostAsync("/services/create", Good, HttpStatusCode.Created)).GetProperty("ID").GetString()!;
        Assert.Equal(
            (409, "rpc error: code = AlreadyExists desc = name conflicts with an existing object: service web already exists"),
            await host.RefusedAsync(HttpMethod.Post, "/services/create", Good));
        await host.Http.SendAsync(HttpMethod.Delete, "/services/web");
        Assert.Equal((404, "service web not found"), await host.RefusedAsync(HttpMethod.Get, "/services/web"));
        Assert.Equal((404, $"service {first} not found"), await host.RefusedAsync(HttpMethod.Get, $"/services/{first}"));
        var second = (await host.PostAsync("/services/create", Good, HttpStatusCode.Created)).GetProperty("ID").GetString()!;
        Assert.NotEqual(first, second);
    }

    [Fact]
    public async Task Update_must_be_of_the_version_that_was_read_and_keep_name_and_mode()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        await host.PostAsync("/services/create", Good, HttpStatusCode.Created);
        var version = (await host.GetAsync("/services/web")).GetProperty("Version").GetProperty("Index").GetInt64();
        Assert.Equal((500, "rpc error: code = Unknown desc = update out of sequence"), await host.RefusedAsync(HttpMethod.Post, $"/services/web/update?version={version - 1}", Good));
        Assert.Equal((400, "invalid service version '': strconv.ParseUint: parsing \"\": invalid syntax"), await host.RefusedAsync(HttpMethod.Post, "/services/web/update", Good));
        Assert.Equal((501, "rpc error: code = Unimplemented desc = renaming services is not supported"), await host.RefusedAsync(HttpMethod.Post, $"/services/web/update?version={version}", Good.Replace("web", "db")));
        Assert.Equal(
            (501, "rpc error: code = Unimplemented desc = service mode change is not allowed"),
            await host.RefusedAsync(HttpMethod.Post, $"/services/web/update?version={version}", Good[..^1] + ",\"Mode\":{\"Global\":{}}}"));
        var (status, message) = await host.RefusedAsync(HttpMethod.Post, $"/services/web/update?version={version}&rollback=previous", Good);
        Assert.Equal(400, status);
        Assert.EndsWith("does not have a previous spec", message);
        await host.PostAsync($"/services/web/update?version={version}", Good[..^1] + ",\"Mode\":{\"Replicated\":{\"Replicas\":3}}}");
        Assert.Equal(3ul, host.Store.View.Services.FindByName("web")!.Spec.Replicas);
    }

    [Fact]
    public async Task Object_is_found_by_id_name_or_the_prefix_of_one_id()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        await host.CommitAsync(transaction => transaction
            .Create(new Service { Id = "aaa1", Spec = new ServiceSpec { Annotations = new Annotations { Name = "one" } } })
            .Create(new Service { Id = "aaa2", Spec = new ServiceSpec { Annotations = new Annotations { Name = "aaa1x" } } }));
        foreach (var (input, id) in new[] { ("aaa1", "aaa1"), ("one", "aaa1"), ("aaa1x", "aaa2"), ("aaa2", "aaa2") })
        {
            Assert.Equal(id, (await host.GetAsync($"/services/{input}")).GetProperty("ID").GetString());
        }

        Assert.Equal((500, "service aaa is ambiguous (2 matches found)"), await host.RefusedAsync(HttpMethod.Get, "/services/aaa"));
        Assert.Equal((404, "service b not found"), await host.RefusedAsync(HttpMethod.Get, "/services/b"));
        Assert.Equal((404, "node b not found"), await host.RefusedAsync(HttpMethod.Get, "/nodes/b"));
        Assert.Equal((404, "task b not found"), await host.RefusedAsync(HttpMethod.Get, "/tasks/b"));
    }

    [Theory]
    [InlineData(LocalNodeState.Locked, false, "Swarm is encrypted and needs to be unlocked before it can be used. Please use \"docker swarm unlock\" to unlock it.")]
    [InlineData(LocalNodeState.Inactive, false, "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.")]
    [InlineData(LocalNodeState.Active, false, "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state. Please run this command on a manager node or promote the current node to a manager.")]
    [InlineData(LocalNodeState.Pending, false, "This node is not a swarm manager. Manager is being prepared or has trouble connecting to the cluster.")]
    public async Task Node_that_is_no_manager_says_so(LocalNodeState state, bool control, string message)
    {
        await using var host = await ClusterHost.StartAsync();
        host.Node.State = host.Node.State with { LocalState = state, ControlAvailable = control };
        foreach (var path in new[] { "/swarm", "/services", "/nodes", "/tasks", "/secrets", "/configs", "/services/x", "/nodes/x", "/tasks/x", "/swarm/unlockkey" })
        {
            Assert.Equal((503, message), await host.RefusedAsync(HttpMethod.Get, path));
        }

        Assert.Equal((503, message), await host.RefusedAsync(HttpMethod.Post, "/services/create", Good));
    }

    [Fact]
    public async Task Managers_never_lose_their_majority_to_a_demotion()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        await host.CommitAsync(transaction => transaction.Create(new Node
        {
            Id = "second",
            Role = NodeRole.Manager,
            Spec = new NodeSpec { Role = NodeRole.Manager },
            Manager = new ManagerStatus { Address = "10.0.0.2:2377" },
            Status = new NodeStatus { State = NodeState.Down },
        }));
        var version = host.Store.View.Nodes.Find(FakeNode.NodeId)!.Meta.Version;
        Assert.Equal(
            (400, "rpc error: code = FailedPrecondition desc = can't remove member from the raft: this would result in a loss of quorum"),
            await host.RefusedAsync(HttpMethod.Post, $"/nodes/n1/update?version={version}", "{\"Role\":\"worker\",\"Availability\":\"active\"}"));
        Assert.Equal(
            (400, "rpc error: code = FailedPrecondition desc = node second is a cluster manager and is a member of the raft cluster. It must be demoted to worker before removal"),
            await host.RefusedAsync(HttpMethod.Delete, "/nodes/second?force=1"));
        await host.PostAsync($"/nodes/second/update?version={host.Store.View.Nodes.Find("second")!.Meta.Version}", "{\"Role\":\"worker\",\"Availability\":\"active\"}");
        Assert.Equal(NodeRole.Worker, host.Store.View.Nodes.Find("second")!.Spec.Role);
    }

    [Fact]
    public async Task Answers_never_carry_the_root_key()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        foreach (var path in new[] { "/swarm", "/info" })
        {
            var (_, body) = await host.Http.SendAsync(HttpMethod.Get, path);
            Assert.DoesNotContain("PRIVATE KEY", body);
        }

        var (_, info) = await host.Http.SendAsync(HttpMethod.Get, "/info");
        Assert.DoesNotContain("SWMTKN", info);
    }

    [Fact]
    public async Task Every_operation_that_is_not_built_answers_501()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        foreach (var (method, path) in new[] { ("POST", "/session"), ("POST", "/plugins/pull"), ("GET", "/containers/web/checkpoints") })
        {
            Assert.Equal(501, (await host.RefusedAsync(new HttpMethod(method), path)).Status);
        }
    }

    /// <summary>`docker inspect NAME` asks for a plugin last, and says that there is no such object only if that is not found.</summary>
    [Fact]
    public async Task There_is_no_plugin()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        Assert.Equal("[]", (await host.Http.SendAsync(HttpMethod.Get, "/plugins")).Body);
        Assert.Equal((404, "plugin \"a/b:1\" not found"), await host.RefusedAsync(HttpMethod.Get, "/plugins/a/b:1/json"));
    }
}
