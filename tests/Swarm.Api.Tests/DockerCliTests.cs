using Swarm.Model;

namespace Swarm.Api.Tests;

/// <summary>What the user sees: the docker command against the API.</summary>
public sealed class DockerCliTests
{
    [DockerFact]
    public async Task Version_info_and_networks_are_shown()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        var socket = host.Http.SocketPath;
        Assert.Contains("1.51", await DockerCli.OkAsync(socket, "version", "--format", "{{.Server.APIVersion}}"));
        var info = await DockerCli.OkAsync(socket, "info");
        Assert.Contains("Swarm: active", info);
        Assert.Contains($"NodeID: {FakeNode.NodeId}", info);
        Assert.Contains("Containers: 6", info);
        Assert.Contains("Managers: 1", info);
        Assert.Equal("bridge bridge local|host host local|none null local",
            (await DockerCli.OkAsync(socket, "network", "ls", "--format", "{{.Name}} {{.Driver}} {{.Scope}}")).Replace('\n', '|'));
    }

    [DockerFact]
    public async Task Swarm_is_made_and_its_tokens_are_shown_and_rotated()
    {
        await using var host = await ClusterHost.StartAsync();
        var socket = host.Http.SocketPath;
        var (code, _, error) = await DockerCli.RunAsync(socket, "node", "ls");
        Assert.Equal(1, code);
        Assert.Contains("This node is not a swarm manager. Use \"docker swarm init\"", error);

        Assert.Contains($"Swarm initialized: current node ({FakeNode.NodeId}) is now a manager.", await DockerCli.OkAsync(socket, "swarm", "init", "--advertise-addr", "10.0.0.1"));
        Assert.Equal("10.0.0.1", host.Node.Init!.AdvertiseAddress);
        Assert.Equal("0.0.0.0:2377", host.Node.Init.ListenAddress);
        Assert.Equal("SWMTKN-1-w", await DockerCli.OkAsync(socket, "swarm", "join-token", "-q", "worker"));
        var rotated = await DockerCli.OkAsync(socket, "swarm", "join-token", "-q", "--rotate", "worker");
        Assert.NotEqual("SWMTKN-1-w", rotated);
        Assert.Equal(rotated, host.Store.View.Cluster!.RootCa.WorkerJoinToken);
        Assert.Equal("SWMTKN-1-m", host.Store.View.Cluster.RootCa.ManagerJoinToken);
        Assert.Contains("PRIVATE KEY", host.Store.View.Cluster.RootCa.Key);

        await DockerCli.OkAsync(socket, "swarm", "update", "--task-history-limit", "2", "--cert-expiry", "48h");
        Assert.Equal(2, host.Store.View.Cluster!.Spec.TaskHistoryRetentionLimit);
        Assert.Equal(TimeSpan.FromHours(48), host.Store.View.Cluster.Spec.NodeCertExpiry);
        await DockerCli.OkAsync(socket, "swarm", "leave", "--force");
    }

    [DockerFact]
    public async Task Worker_joins_with_a_token()
    {
        await using var host = await ClusterHost.StartAsync();
        var said = await DockerCli.OkAsync(host.Http.SocketPath, "swarm", "join", "--token", "SWMTKN-1-x", "10.0.0.1:2377");
        Assert.Contains("This node joined a swarm as a worker.", said);
        Assert.Equal("SWMTKN-1-x", host.Node.Join!.JoinToken);
        Assert.Equal(["10.0.0.1:2377"], host.Node.Join.RemoteAddresses);
        var (code, _, error) = await DockerCli.RunAsync(host.Http.SocketPath, "service", "ls");
        Assert.Equal(1, code);
        Assert.Contains("Worker nodes can't be used to view or modify cluster state.", error);
    }

    [DockerFact]
    public async Task Nodes_are_listed_updated_and_removed()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        var socket = host.Http.SocketPath;
        var worker = new Node { Id = "workerid00000000000000001", Description = new NodeDescription { Hostname = "w1" }, Status = new NodeStatus { State = NodeState.Ready } };
        await host.CommitAsync(transaction => transaction.Create(worker));

        var list = await DockerCli.OkAsync(socket, "node", "ls", "--format", "{{.Hostname}} {{.Self}} {{.Status}} {{.Availability}} {{.ManagerStatus}}");
        Assert.Equal("n1 true Ready Active Reachable|w1 false Ready Active", list.Replace('\n', '|'));

        await DockerCli.OkAsync(socket, "node", "update", "--availability", "drain", "--label-add", "zone=a", "w1");
        var updated = host.Store.View.Nodes.Find(worker.Id)!.Spec;
        Assert.Equal(NodeAvailability.Drain, updated.Availability);
        Assert.Equal("a", updated.Annotations.Labels["zone"]);
        Assert.Equal("drain", await DockerCli.OkAsync(socket, "node", "inspect", "--format", "{{.Spec.Availability}}", "w1"));
        Assert.Equal("n1", await DockerCli.OkAsync(socket, "node", "inspect", "--format", "{{.Description.Hostname}}", "self"));
        Assert.Equal("w1", await DockerCli.OkAsync(socket, "node", "ls", "--filter", "node.label=zone=a", "--format", "{{.Hostname}}"));

        var (code, _, error) = await DockerCli.RunAsync(socket, "node", "rm", "w1");
        Assert.Equal(1, code);
        Assert.Contains($"node {worker.Id} is not down and can't be removed", error);
        await DockerCli.OkAsync(socket, "node", "rm", "--force", "w1");
        Assert.Null(host.Store.View.Nodes.Find(worker.Id));
        (code, _, error) = await DockerCli.RunAsync(socket, "node", "demote", "n1");
        Assert.Equal(1, code);
        Assert.Contains("attempting to demote the last manager of the swarm", error);
    }

    [DockerFact]
    public async Task Service_lives_its_life()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        var socket = host.Http.SocketPath;
        var id = await DockerCli.OkAsync(socket,
            "service", "create", "-d", "--no-resolve-image", "--name", "web", "--replicas", "3", "--label", "tier=front", "--env", "A=b", "--network", "none",
            "--constraint", "node.role==worker", "--limit-memory", "64m", "--reserve-cpu", "0.5", "--restart-condition", "on-failure", "--restart-delay", "2s",
            "--update-parallelism", "2", "--update-delay", "3s", "--mount", "type=volume,source=data,target=/data", "--stop-grace-period", "7s",
            "busybox:1", "sleep", "1000");

        var spec = host.Store.View.Services.Find(id)!.Spec;
        Assert.Equal(("web", 3ul, "busybox:1"), (spec.Annotations.Name, spec.Replicas, spec.Task.Container.Image));
        Assert.Equal(["sleep", "1000"], spec.Task.Container.Args.AsEnumerable());
        Assert.Equal(["A=b"], spec.Task.Container.Env.AsEnumerable());
        Assert.Equal(["node.role==worker"], spec.Task.Placement.Constraints.AsEnumerable());
        Assert.Equal((64L << 20, 500_000_000L), (spec.Task.Limits!.MemoryBytes, spec.Task.Reservations!.NanoCpus));
        Assert.Equal((RestartCondition.OnFailure, TimeSpan.FromSeconds(2)), (spec.Task.Restart.Condition, spec.Task.Restart.Delay!.Value));
        Assert.Equal((2ul, TimeSpan.FromSeconds(3)), (spec.Update!.Parallelism, spec.Update.Delay));
        Assert.Equal((MountType.Volume, "data", "/data"), (spec.Task.Container.Mounts[0].Type, spec.Task.Container.Mounts[0].Source, spec.Task.Container.Mounts[0].Target));
        Assert.Equal(TimeSpan.FromSeconds(7), spec.Task.Container.StopGracePeriod);

        await host.CommitAsync(transaction => transaction
            .Create(ServiceTasks.Running(host.Store.View.Services.Find(id)!, 1, FakeNode.NodeId))
            .Create(ServiceTasks.Running(host.Store.View.Services.Find(id)!, 2, FakeNode.NodeId)));
        Assert.Equal("web replicated 2/3 busybox:1", await DockerCli.OkAsync(socket, "service", "ls", "--format", "{{.Name}} {{.Mode}} {{.Replicas}} {{.Image}}"));
        Assert.Equal("web.1 n1 Running|web.2 n1 Running",
            (await DockerCli.OkAsync(socket, "service", "ps", "web", "--format", "{{.Name}} {{.Node}} {{.DesiredState}}")).Replace('\n', '|'));

        await DockerCli.OkAsync(socket, "service", "scale", "-d", "web=5");
        Assert.Equal(5ul, host.Store.View.Services.Find(id)!.Spec.Replicas);
        await DockerCli.OkAsync(socket, "service", "update", "-d", "--no-resolve-image", "--image", "busybox:2", "--env-add", "C=d", "web");
        var updated = host.Store.View.Services.Find(id)!;
        Assert.Equal("busybox:2", updated.Spec.Task.Container.Image);
        Assert.Equal(["node.role==worker"], updated.Spec.Task.Placement.Constraints.AsEnumerable());
        Assert.True(Codec.Same(spec.Task.Container.Mounts[0], updated.Spec.Task.Container.Mounts[0]));
        await DockerCli.OkAsync(socket, "service", "rollback", "-d", "web");
        Assert.Equal("busybox:1", host.Store.View.Services.Find(id)!.Spec.Task.Container.Image);
        Assert.Equal(UpdateState.RollbackStarted, host.Store.View.Services.Find(id)!.UpdateStatus!.State);
        Assert.Contains("Image:\t\tbusybox:1", await DockerCli.OkAsync(socket, "service", "inspect", "--pretty", "web"));

        await DockerCli.OkAsync(socket, "service", "rm", "web");
        Assert.Equal("", await DockerCli.OkAsync(socket, "service", "ls", "-q"));
        await DockerCli.OkAsync(socket, "service", "create", "-d", "--no-resolve-image", "--name", "web", "busybox");
    }

    [DockerFact]
    public async Task Service_create_waits_until_its_tasks_run()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        var create = DockerCli.RunAsync(host.Http.SocketPath, "service", "create", "--no-resolve-image", "--name", "web", "--replicas", "2", "--update-monitor", "10ms", "busybox");
        using var watch = host.Store.Watch();
        using var deadline = new CancellationTokenSource(TestHost.Deadline);
        while (watch.Start.Services.Count == 0 && !(await watch.Commits.ReadAsync(deadline.Token)).Changes.Any(change => change.New is Service))
        {
        }

        var service = host.Store.View.Services.FindByName("web")!;
        await host.CommitAsync(transaction => transaction
            .Create(ServiceTasks.Running(service, 1, FakeNode.NodeId))
            .Create(ServiceTasks.Running(service, 2, FakeNode.NodeId)));
        var (code, output, error) = await create;
        Assert.True(code == 0, output + error);
        Assert.Contains($"verify: Service {service.Id} converged", output);
    }

    [DockerFact]
    public async Task Refusals_are_shown_and_fail_the_command()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        var socket = host.Http.SocketPath;
        await DockerCli.OkAsync(socket, "service", "create", "-d", "--no-resolve-image", "--name", "web", "busybox");
        string[][] refused =
        [
            ["service", "create", "-d", "--no-resolve-image", "--name", "web", "busybox"],
            ["service", "create", "-d", "--no-resolve-image", "--constraint", "nonsense", "busybox"],
            ["service", "create", "-d", "--no-resolve-image", "--publish", "80:80", "busybox"],
            ["service", "inspect", "nothing"],
            ["service", "logs", "nothing"],
        ];
        string[] said =
        [
            "rpc error: code = AlreadyExists desc = name conflicts with an existing object: service web already exists",
            "rpc error: code = Unknown desc = constraint expected one operator from ==, !=",
            "service needs ingress network, but no ingress network is present",
            "no such service: nothing",
            "no such task or service: nothing",
        ];
        foreach (var (arguments, text) in refused.Zip(said))
        {
            var (code, output, error) = await DockerCli.RunAsync(socket, arguments);
            Assert.True(code != 0 && error.Contains(text, StringComparison.Ordinal), $"docker {string.Join(' ', arguments)}: {code}\n{output}\n{error}");
        }
    }
}
