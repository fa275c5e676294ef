using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Swarm.EndToEnd;

/// <summary>Somebody else decides who may do what: a plugin at its socket, as Docker asks it.</summary>
public sealed class DaemonAuthorizationTests : IAsyncLifetime
{
    private readonly string _name = "swarm-test-" + Guid.NewGuid().ToString("N")[..8];
    private readonly ConcurrentQueue<(string Phase, string Method, string Uri)> _asked = [];
    private DaemonRoom _room = null!;
    private WebApplication _plugin = null!;
    private Func<string, JsonElement, string> _decide = (_, _) => """{"Allow":true}""";

    private string Socket => $"/run/docker/plugins/{_name}.sock";

    public async Task InitializeAsync()
    {
        _room = await DaemonRoom.OpenAsync();
        Directory.CreateDirectory("/run/docker/plugins");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(Socket, listen => listen.Protocols = HttpProtocols.Http1));
        _plugin = builder.Build();
        _plugin.MapPost("/Plugin.Activate", () => Results.Text("""{"Implements":["authz"]}"""));
        _plugin.MapPost("/AuthZPlugin.{phase}", async (string phase, HttpContext context) =>
        {
            using var question = await JsonDocument.ParseAsync(context.Request.Body);
            var root = question.RootElement;
            _asked.Enqueue((phase, root.GetProperty("RequestMethod").GetString()!, root.GetProperty("RequestUri").GetString()!));
            return Results.Text(_decide(phase, root));
        });
        await _plugin.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _plugin.StopAsync();
        await _plugin.DisposeAsync();
        File.Delete(Socket);
        await _room.DisposeAsync();
    }

    [Fact]
    public async Task A_plugin_sees_each_request_and_each_answer_and_its_no_counts()
    {
        await using var daemon = await DaemonProcess.RunAsync(_room, "a", "--bridge=none", "--authorization-plugin", _name);
        await daemon.DockerOkAsync("import", _room.Image, "box");
        Assert.Equal("allowed", await daemon.DockerOkAsync("run", "--rm", "box", "echo", "allowed"));
        Assert.Contains(_asked, asked => asked is { Phase: "AuthZReq", Method: "POST" } && asked.Uri.Contains("/containers/create", StringComparison.Ordinal));
        Assert.Contains(_asked, asked => asked is { Phase: "AuthZRes", Method: "POST" } && asked.Uri.StartsWith("/v1.", StringComparison.Ordinal));

        _decide = (phase, question) => phase == "AuthZReq" && question.TryGetProperty("RequestBody", out var body) && Encoding.UTF8.GetString(body.GetBytesFromBase64()).Contains("forbidden", StringComparison.Ordinal)
            ? """{"Allow":false,"Msg":"not that word"}""" : """{"Allow":true}""";
        Assert.Contains($"authorization denied by plugin {_name}: not that word", (await daemon.DockerAsync("run", "--rm", "box", "echo", "forbidden")).Error, StringComparison.Ordinal);
        Assert.Equal("fine", await daemon.DockerOkAsync("run", "--rm", "box", "echo", "fine"));

        _decide = (phase, question) => phase == "AuthZRes" && question.GetProperty("RequestUri").GetString()!.EndsWith("/info", StringComparison.Ordinal)
            && Encoding.UTF8.GetString(question.GetProperty("ResponseBody").GetBytesFromBase64()).Contains("\"ID\":", StringComparison.Ordinal)
            ? """{"Allow":false,"Msg":"too much said"}""" : """{"Allow":true}""";
        var refused = await daemon.DockerAsync("info");
        Assert.Contains("too much said", refused.Output + refused.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(daemon.DataRoot, refused.Output, StringComparison.Ordinal);

        _decide = (_, _) => """{"Err":"I am ill"}""";
        Assert.Contains($"plugin {_name} failed with error: I am ill", (await daemon.DockerAsync("ps")).Error, StringComparison.Ordinal);
        _decide = (_, _) => """{"Allow":true}""";
    }

    [Fact]
    public async Task Without_its_plugin_the_daemon_does_not_start()
    {
        var daemon = DaemonProcess.Start(_room, "a", "--bridge=none", "--authorization-plugin", "swarm-test-nobody");
        Assert.Equal(1, await daemon.ExitAsync());
        Assert.Contains("authorization plugin swarm-test-nobody is not there", daemon.Log, StringComparison.Ordinal);
    }
}
