using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Swarm.Commands;
using Swarm.Lab.Tests.Client;

namespace Swarm.Lab.Tests.Commands;

public sealed class CommandLineTests
{
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    [Theory]
    [InlineData("service create")]
    [InlineData("service create --no-such-flag busybox")]
    [InlineData("service create --replicas many busybox")]
    [InlineData("service create --limit-memory lots busybox")]
    [InlineData("service create --restart-delay soon busybox")]
    [InlineData("service create --mode sideways busybox")]
    [InlineData("service create --mount type=bind,source=/a busybox")]
    [InlineData("service scale web")]
    [InlineData("service scale web=-1")]
    [InlineData("node update --availability asleep m1")]
    [InlineData("join-token king")]
    [InlineData("-H nonsense node ls")]
    [InlineData("lab kill")]
    [InlineData("lab cut")]
    [InlineData("lab loss")]
    [InlineData("lab move")]
    [InlineData("lab powercut")]
    [InlineData("lab up --disk huge")]
    public async Task A_wrong_command_line_exits_125_and_says_so_in_a_line(string typed)
    {
        Assert.Equal(125, await RunAsync(typed.Split(' ')));
        Assert.NotEqual("", _error.ToString());
        Assert.Equal("", _output.ToString());
    }

    [Theory]
    [InlineData("foo", "swarm: unknown command: swarm foo\n\nRun 'swarm --help' for more information", 1)]
    [InlineData("node foo bar", "swarm: unknown command: swarm node foo\n\nRun 'swarm node --help' for more information", 1)]
    [InlineData("node --foo", "unknown flag: --foo\n\nRun 'swarm node --help' for more information", 125)]
    public async Task What_is_no_command_is_named(string typed, string said, int status)
    {
        Assert.Equal(status, await RunAsync(typed.Split(' ')));
        Assert.Equal(said, _error.ToString().TrimEnd());
    }

    [Fact]
    public async Task A_group_without_a_command_shows_what_it_has()
    {
        Assert.Equal(0, await RunAsync(["node"]));
        Assert.Contains("promote", _output.ToString(), StringComparison.Ordinal);
        Assert.Equal("", _error.ToString());
    }

    [Fact]
    public async Task The_list_of_nodes_marks_the_one_that_was_asked()
    {
        await using var engine = await EngineOfAsync("n2", """[{"ID":"n1","Description":{"Hostname":"a"}},{"ID":"n2","Description":{"Hostname":"b"}}]""");
        Assert.Equal(0, await RunAsync(["-H", engine.Client.Endpoint.Text, "node", "ls"]));
        Assert.Contains("n2 *", _output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("n1 *", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_daemon_refuses_is_said_as_docker_says_it()
    {
        await using var engine = await FakeEngine.AnsweringAsync(503, """{"message":"This node is not a swarm manager."}""");
        Assert.Equal(1, await RunAsync(["-H", engine.Client.Endpoint.Text, "node", "ls"]));
        Assert.Equal("Error response from daemon: This node is not a swarm manager.", _error.ToString().TrimEnd());
    }

    [Fact]
    public async Task The_daemon_s_options_reach_its_handler_with_docker_s_names()
    {
        DaemonOptions? seen = null;
        var status = await SwarmCommandLine.InvokeAsync(
            ["daemon", "-H", "unix:///run/a.sock", "-H", "tcp://127.0.0.1:2375", "--data-root", "/data", "--exec-root", "/run/x", "--cgroup-parent", "/swarm-a/m1", "-D"],
            (options, _) =>
            {
                seen = options;
                return Task.FromResult(7);
            },
            _output,
            _error);
        Assert.Equal(7, status);
        Assert.Equal(["unix:///run/a.sock", "tcp://127.0.0.1:2375"], seen!.Hosts);
        Assert.Equal(("/data", "/run/x", "swarm-a/m1", true), (seen.DataRoot, seen.ExecRoot, seen.CgroupParent, seen.Debug));
    }

    [Fact]
    public async Task Service_flags_become_docker_s_spec()
    {
        await using var engine = await FakeEngine.AnsweringAsync(201, """{"ID":"abc"}""");
        string[] typed =
        [
            "-H", engine.Client.Endpoint.Text, "service", "create", "--detach", "--name", "web", "--replicas", "3", "-e", "A=b", "-e", "C=d=e",
            "--label", "tier=front", "--constraint", "node.role==worker", "--limit-cpu", "0.5", "--limit-memory", "64m", "--reserve-memory", "1g",
            "--restart-condition", "on-failure", "--restart-delay", "1m30s", "--restart-max-attempts", "4", "--stop-signal", "SIGKILL",
            "--mount", "type=bind,source=/a,target=/b,readonly", "-p", "8080:80", "busybox", "sh", "-c", "sleep 1",
        ];
        Assert.Equal(0, await RunAsync(typed));
        Assert.Equal("abc", _output.ToString().Trim());
        using var spec = JsonDocument.Parse(engine.Asked.Single().Body);
        var task = spec.RootElement.GetProperty("TaskTemplate");
        var container = task.GetProperty("ContainerSpec");
        Assert.Equal("web", spec.RootElement.GetProperty("Name").GetString());
        Assert.Equal(3, spec.RootElement.GetProperty("Mode").GetProperty("Replicated").GetProperty("Replicas").GetInt32());
        Assert.Equal("""{"tier":"front"}""", spec.RootElement.GetProperty("Labels").GetRawText());
        Assert.Equal("""["sh","-c","sleep 1"]""", container.GetProperty("Args").GetRawText());
        Assert.Equal("""["A=b","C=d=e"]""", container.GetProperty("Env").GetRawText());
        Assert.Equal("""[{"Type":"bind","Source":"/a","Target":"/b","ReadOnly":true}]""", container.GetProperty("Mounts").GetRawText());
        Assert.Equal("""{"NanoCPUs":500000000,"MemoryBytes":67108864}""", task.GetProperty("Resources").GetProperty("Limits").GetRawText());
        Assert.Equal(1L << 30, task.GetProperty("Resources").GetProperty("Reservations").GetProperty("MemoryBytes").GetInt64());
        Assert.Equal("""{"Condition":"on-failure","Delay":90000000000,"MaxAttempts":4}""", task.GetProperty("RestartPolicy").GetRawText());
        Assert.Equal("""["node.role==worker"]""", task.GetProperty("Placement").GetProperty("Constraints").GetRawText());
        Assert.Equal("""[{"Protocol":"tcp","TargetPort":80,"PublishedPort":8080,"PublishMode":"ingress"}]""", spec.RootElement.GetProperty("EndpointSpec").GetProperty("Ports").GetRawText());
    }

    [Fact]
    public async Task An_update_changes_what_was_said_and_leaves_the_rest()
    {
        await using var engine = await FakeEngine.AnsweringAsync(200, """
            {"ID":"abc","Version":{"Index":9},"Spec":{"Name":"web","Labels":{"a":"1","b":"2"},"Mode":{"Replicated":{"Replicas":2}},
             "TaskTemplate":{"ForceUpdate":4,"ContainerSpec":{"Image":"busybox","Args":["sleep","1"],"Env":["X=1","Y=2"]}}}}
            """);
        Assert.Equal(0, await RunAsync(
            ["-H", engine.Client.Endpoint.Text, "service", "update", "-d", "--env-add", "Y=3", "--env-rm", "X", "--label-rm", "a", "--force", "--replicas", "5", "web"]));
        var (method, path, body) = engine.Asked[^1];
        Assert.Equal(("POST", "/v1.51/services/abc/update?version=9"), (method, path));
        Assert.Equal(
            """{"Name":"web","Labels":{"b":"2"},"TaskTemplate":{"ContainerSpec":{"Image":"busybox","Args":["sleep","1"],"Env":["Y=3"]},"ForceUpdate":5},"Mode":{"Replicated":{"Replicas":5}}}""",
            body);
    }

    [Fact]
    public async Task Nodes_are_listed_in_docker_s_columns()
    {
        await using var engine = await EngineOfAsync("none", """
            [{"ID":"n2","Description":{"Hostname":"w1","Engine":{"EngineVersion":"28"}},"Spec":{"Availability":"drain"},"Status":{"State":"down"}},
             {"ID":"n1","Description":{"Hostname":"m1"},"Spec":{"Availability":"active"},"Status":{"State":"ready"},"ManagerStatus":{"Leader":true,"Reachability":"reachable"}}]
            """);
        Assert.Equal(0, await RunAsync(["-H", engine.Client.Endpoint.Text, "node", "ls"]));
        Assert.Equal(
            """
            ID        HOSTNAME   STATUS    AVAILABILITY   MANAGER STATUS   ENGINE VERSION
            n1        m1         Ready     Active         Leader
            n2        w1         Down      Drain                           28

            """.ReplaceLineEndings("\n"),
            _output.ToString());
    }

    [Fact]
    public async Task A_word_for_a_node_that_fits_two_is_refused()
    {
        await using var engine = await FakeEngine.AnsweringAsync(200, """[{"ID":"abc1"},{"ID":"abc2"}]""");
        Assert.Equal(1, await RunAsync(["-H", engine.Client.Endpoint.Text, "node", "promote", "abc"]));
        Assert.Contains("node abc is ambiguous (2 matches found)", _error.ToString(), StringComparison.Ordinal);
        Assert.All(engine.Asked, asked => Assert.Equal("GET", asked.Method));
    }

    /// <summary>An engine that is the node of that id in a cluster of these.</summary>
    private static Task<FakeEngine> EngineOfAsync(string nodeId, string nodes) => FakeEngine.StartAsync(context =>
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(context.Request.Path.Value!.EndsWith("/info", StringComparison.Ordinal) ? "{\"Swarm\":{\"NodeID\":\"" + nodeId + "\"}}" : nodes);
    });

    private Task<int> RunAsync(string[] args) => SwarmCommandLine.InvokeAsync(args, (_, _) => Task.FromResult(0), _output, _error);
}
