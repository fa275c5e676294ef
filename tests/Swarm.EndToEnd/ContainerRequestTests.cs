using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Swarm.EndToEnd;

/// <summary>Requests as clients of the API send them: what follows from a version, and from a client that leaves.</summary>
public sealed class ContainerRequestTests : IAsyncLifetime
{
    private DaemonRoom _room = null!;
    private DaemonProcess _daemon = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        _room = await DaemonRoom.OpenAsync();
        _daemon = await DaemonProcess.RunAsync(_room, "r");
        await _daemon.DockerOkAsync("import", _room.Image, "box");
        _client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(_daemon.Host["unix://".Length..]), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        {
            BaseAddress = new Uri("http://docker"),
        };
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _daemon.DisposeAsync();
        await _room.DisposeAsync();
    }

    [Fact]
    public async Task A_restart_and_a_stop_go_on_when_their_client_has_left()
    {
        await _daemon.DockerOkAsync("run", "-d", "--name", "deaf", "box", "sh", "-c", "trap 'echo heard' TERM; trap 'exit 0' USR1; echo began; while true; do sleep 0.1; done");
        await SaysAsync("began");
        var first = await PidAsync();
        await LeaveOnceHeardAsync("/containers/deaf/restart?t=600");
        await _daemon.DockerOkAsync("kill", "--signal", "USR1", "deaf");
        await _daemon.UntilAsync("it runs anew", async () => await PidAsync() is var pid && pid != first && pid != "0" ? pid : null);

        await SaysAsync("began", 2);
        await LeaveOnceHeardAsync("/containers/deaf/stop?t=3");
        await _daemon.UntilAsync("it is stopped", async () => await PidAsync() == "0" ? "it is" : null);
    }

    [Theory]
    [InlineData("{}", "config cannot be empty in order to create a container")]
    [InlineData("""{"HostConfig":{"AutoRemove":true}}""", "config cannot be empty in order to create a container")]
    [InlineData("""{"Image":""}""", "no command specified")]
    public async Task A_creation_that_says_nothing_of_the_container_is_refused(string body, string message)
    {
        Assert.Equal((400, message), await PostAsync("/v1.51/containers/create", body));
        Assert.Equal("", await _daemon.DockerOkAsync("ps", "-aq"));
    }

    [Fact]
    public async Task Several_networks_at_the_creation_are_for_newer_clients()
    {
        const string body = """{"Image":"box","Cmd":["cat"],"NetworkingConfig":{"EndpointsConfig":{"one":{},"two":{}}}}""";
        Assert.Equal((201, ""), await PostAsync("/v1.44/containers/create?name=new", body));
        Assert.Equal((400, "Container cannot be created with multiple network endpoints: one, two"), await PostAsync("/v1.43/containers/create?name=old", body));
        Assert.Equal((201, ""), await PostAsync("/v1.43/containers/create?name=old", body.Replace(",\"two\":{}", "", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_list_shows_annotations_to_newer_clients()
    {
        Assert.Equal((201, ""), await PostAsync("/v1.51/containers/create", """{"Image":"box","Cmd":["cat"],"HostConfig":{"Annotations":{"hello":"world"} } }"""));
        Assert.Equal("world", (string?)(await ListedAsync("1.46"))["Annotations"]!["hello"]);
        Assert.False((await ListedAsync("1.45")).ContainsKey("Annotations"));
    }

    [Fact]
    public async Task A_command_that_runs_is_not_started_again()
    {
        await _daemon.DockerOkAsync("run", "-d", "--name", "busy", "box", "sleep", "1000");
        var id = await CreatedAsync("""{"Cmd":["sleep","1000"],"AttachStdin":true,"Tty":true,"DetachKeys":"ctrl-a,b"}""");
        Assert.Equal("AWI=", (string?)JsonNode.Parse(await _client.GetStringAsync($"/v1.51/exec/{id}/json"))!["DetachKeys"]);

        var ends = await CreatedAsync("""{"Cmd":["sh","-c","exit 0"]}""");
        foreach (var exec in (string[])[id, ends])
        {
            using var started = await _client.PostAsync($"/v1.51/exec/{exec}/start", new StringContent("""{"Detach":true}""", Encoding.UTF8, "application/json"));
            Assert.Equal(200, (int)started.StatusCode);
        }

        Assert.Equal((409, $"Error: Exec command {id} is already running"), await PostAsync($"/v1.51/exec/{id}/start", """{"Detach":true}"""));
        await _daemon.UntilAsync("the other has run", async () => (bool)JsonNode.Parse(await _client.GetStringAsync($"/v1.51/exec/{ends}/json"))!["Running"]! ? null : "it has");
        Assert.Equal((409, $"Error: Exec command {ends} has already run"), await PostAsync($"/v1.51/exec/{ends}/start", """{"Detach":true}"""));

        async Task<string> CreatedAsync(string body)
        {
            using var answer = await _client.PostAsync("/v1.51/containers/busy/exec", new StringContent(body, Encoding.UTF8, "application/json"));
            return (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["Id"]!;
        }
    }

    [Fact]
    public async Task An_images_events_have_its_labels()
    {
        await _daemon.DockerOkAsync("import", "--change", "LABEL a=b", _room.Image, "labelled");
        await _daemon.DockerOkAsync("tag", "labelled", "labelled:two");
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1;
        Assert.Equal("tag labelled:two b", await _daemon.DockerOkAsync(
            "events", "--since", "0", "--until", $"{now}", "--filter", "type=image", "--filter", "label=a=b", "--filter", "event=tag", "--format", "{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.a}}"));
    }

    [Fact]
    public async Task An_image_list_counts_containers_for_newer_clients()
    {
        await _daemon.DockerOkAsync("create", "box", "true");
        Assert.Equal((1L, -1L), (await CountAsync("1.51"), await CountAsync("1.50")));

        async Task<long> CountAsync(string version) => (long)JsonNode.Parse(await _client.GetStringAsync($"/v{version}/images/json"))![0]!["Containers"]!;
    }

    [Fact]
    public async Task Facts_of_the_daemon_are_there_to_be_read()
    {
        var info = JsonNode.Parse(await _client.GetStringAsync("/v1.51/info"))!;
        Assert.Equal(["Backing Filesystem", "Supports d_type", "Using metacopy", "Native Overlay Diff", "userxattr"], info["DriverStatus"]!.AsArray().Select(line => (string)line![0]!));
        Assert.True((int)info["NFd"]! > 10);
        Assert.NotNull(info["ContainerdCommit"]!["ID"]);
        var runtime = JsonNode.Parse(await _client.GetStringAsync("/v1.51/version"))!["Components"]![1]!;
        Assert.Matches("^[0-9]+[.][0-9]", (string)runtime["Version"]!);
        Assert.Equal((string)runtime["Details"]!["GitCommit"]!, (string)info["RuncCommit"]!["ID"]!);
    }

    [Fact]
    public async Task What_is_nowhere_is_no_such_object()
    {
        Assert.Contains("No such object: nosuch", (await _daemon.DockerAsync("inspect", "nosuch")).Error, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task An_images_configuration_has_nothing_of_containers_for_newer_clients()
    {
        string[] always = ["Cmd", "Entrypoint", "Env", "Labels", "OnBuild", "User", "Volumes", "WorkingDir"];
        Assert.Equal(always, (await ConfigAsync("1.50")).Select(pair => pair.Key).Order());
        var older = await ConfigAsync("1.49");
        Assert.Superset(always.ToHashSet(), older.Select(pair => pair.Key).ToHashSet());
        Assert.Equal((false, ""), ((bool)older["Tty"]!, (string)older["Hostname"]!));

        async Task<JsonObject> ConfigAsync(string version) => JsonNode.Parse(await _client.GetStringAsync($"/v{version}/images/box/json"))!["Config"]!.AsObject();
    }

    [Theory]
    [InlineData("cachefrom=x", "error reading cache-from: invalid character 'x' looking for beginning of value")]
    [InlineData("""labels={"a":1}""", "error reading labels: json: cannot unmarshal number 1 into Go value of type string")]
    [InlineData("""buildargs={} y""", "error reading build args: invalid character 'y' after top-level value")]
    public async Task A_build_with_a_malformed_option_is_refused(string query, string message) =>
        Assert.Equal((400, message), await PostAsync("/v1.51/build?" + query, ""));

    private async Task<JsonObject> ListedAsync(string version) =>
        JsonNode.Parse(await _client.GetStringAsync($"/v{version}/containers/json?all=1"))!.AsArray().Single()!["HostConfig"]!.AsObject();

    /// <summary>Leaves a request as soon as the container has been told to end.</summary>
    private async Task LeaveOnceHeardAsync(string request)
    {
        using var leaving = new CancellationTokenSource();
        var before = await SaidAsync("heard");
        var answer = _client.PostAsync(request, null, leaving.Token);
        await _daemon.UntilAsync("it has heard", async () => await SaidAsync("heard") > before ? "it has" : null);
        await leaving.CancelAsync();
        await ((Task)answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private Task SaysAsync(string line, int times = 1) => _daemon.UntilAsync(line, async () => await SaidAsync(line) >= times ? line : null);

    private async Task<int> SaidAsync(string line) => (await _daemon.DockerOkAsync("logs", "deaf")).Split('\n').Count(said => said == line);

    private async Task<string> PidAsync() => await _daemon.DockerOkAsync("inspect", "-f", "{{.State.Pid}}", "deaf");

    private async Task<(int Status, string Message)> PostAsync(string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await _client.PostAsync(path, content);
        return ((int)answer.StatusCode, (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["message"] ?? "");
    }
}
