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
