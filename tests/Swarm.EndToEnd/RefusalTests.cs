using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Swarm.EndToEnd;

/// <summary>What is asked wrongly is refused with docker's status and a sentence, and changes nothing.</summary>
[Collection(LabFixture.Name)]
public sealed class RefusalTests(LabFixture lab)
{
    [Theory]
    [InlineData("POST", "/services/create", "{", 400, "")]
    [InlineData("POST", "/services/create", """{"Name":"Bad Name!","TaskTemplate":{"ContainerSpec":{"Image":"busybox"}}}""", 400, "name must be valid as a DNS name component")]
    [InlineData("POST", "/services/create", """{"Name":"noimage","TaskTemplate":{"ContainerSpec":{}}}""", 400, "image reference must be provided")]
    [InlineData("POST", "/services/create", """{"Name":"neg","TaskTemplate":{"ContainerSpec":{"Image":"busybox"}},"Mode":{"Replicated":{"Replicas":-1}}}""", 400, "")]
    [InlineData("GET", "/services/nosuch", "", 404, "service nosuch not found")]
    [InlineData("DELETE", "/services/nosuch", "", 404, "service nosuch not found")]
    [InlineData("GET", "/nodes/nosuch", "", 404, "node nosuch not found")]
    [InlineData("GET", "/tasks/nosuch", "", 404, "task nosuch not found")]
    [InlineData("POST", "/swarm/init", """{"ListenAddr":"0.0.0.0:2377"}""", 503, "This node is already part of a swarm. Use \"docker swarm leave\" to leave this swarm and join another one.")]
    [InlineData("GET", "/containers/nosuch/json", "", 404, "No such container: nosuch")]
    [InlineData("POST", "/containers/nosuch/start", "", 404, "No such container: nosuch")]
    [InlineData("POST", "/containers/create", """{"Image":"nosuch:latest"}""", 404, "No such image: nosuch:latest")]
    [InlineData("GET", "/services?filters=%7B", "", 400, "")]
    [InlineData("GET", "/no/such/page", "", 404, "page not found")]
    public async Task Bad_input_is_refused(string method, string path, string body, int status, string message)
    {
        var (seenStatus, seenMessage) = await AskAsync("m1", method, path, body);
        Assert.True(status == seenStatus && seenMessage.Contains(message, StringComparison.Ordinal), $"{method} {path}: {seenStatus} {seenMessage}");
        Assert.NotEqual("", seenMessage);
    }

    [Theory]
    [InlineData("GET", "/nodes")]
    [InlineData("GET", "/services")]
    [InlineData("GET", "/swarm")]
    [InlineData("POST", "/services/create")]
    public async Task A_worker_says_that_it_is_no_manager(string method, string path)
    {
        var (status, message) = await AskAsync("w1", method, path, method == "POST" ? """{"Name":"x","TaskTemplate":{"ContainerSpec":{"Image":"busybox"}}}""" : "");
        Assert.Equal(
            (503, "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state. Please run this command on a manager node or promote the current node to a manager."),
            (status, message));
    }

    [Fact]
    public async Task Our_own_command_line_says_what_the_engine_says()
    {
        var result = await Shell.RunAsync(LabFixture.Binary, ["-H", lab.Host.Paths(LabFixture.Name, "m1").DockerHost, "service", "inspect", "nosuch"]);
        Assert.Equal((1, "Error response from daemon: service nosuch not found"), (result.ExitCode, result.Error));
    }

    private async Task<(int Status, string Message)> AskAsync(string node, string method, string path, string body)
    {
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(lab.Host.Paths(LabFixture.Name, node).Socket), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using var http = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(30) };
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri("http://localhost/v1.51" + path));
        if (body.Length > 0)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        }

        using var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.NotEqual(HttpStatusCode.OK, response.StatusCode);
        using var json = JsonDocument.Parse(text);
        return ((int)response.StatusCode, json.RootElement.GetProperty("message").GetString() ?? "");
    }
}
