using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Api.Hosting;
using Swarm.Api.Http;
using Swarm.Engine;

namespace Swarm.Api.Tests.Http;

public sealed class HostTests
{
    [Theory]
    [InlineData("/v1.99/thing", 400, "client version 1.99 is too new. Maximum supported API version is 1.51")]
    [InlineData("/v1.10/thing", 400, "client version 1.10 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version")]
    [InlineData("/v1.51/nothing", 404, "page not found")]
    [InlineData("/v1.99/nothing", 404, "page not found")]
    [InlineData("/nothing", 404, "page not found")]
    [InlineData("/v1.51", 404, "page not found")]
    [InlineData("/post-only", 404, "page not found")]
    [InlineData("/conflict", 409, "it is in the way")]
    [InlineData("/bug", 500, "a bug")]
    public async Task Refusal_has_dockers_status_and_text(string path, int status, string message)
    {
        await using var host = await TestHost.StartAsync(routes =>
        {
            routes.MapGet("/thing", context => context.AnswerEmptyAsync());
            routes.MapPost("/post-only", context => context.AnswerEmptyAsync());
            routes.MapGet("/conflict", _ => throw EngineException.Conflict("it is in the way"));
            routes.MapGet("/bug", _ => throw new InvalidOperationException("a bug"));
        });
        var (code, body) = await host.SendAsync(HttpMethod.Get, path);
        Assert.Equal((status, $"{{\"message\":\"{message}\"}}"), ((int)code, body));
    }

    [Theory]
    [InlineData("/thing", "1.51")]
    [InlineData("/v1.24/thing", "1.24")]
    [InlineData("/v1.51/thing", "1.51")]
    public async Task Version_is_taken_off_the_path_and_every_answer_says_who_we_are(string path, string version)
    {
        await using var host = await TestHost.StartAsync(routes => routes.MapGet("/thing", context => context.Response.WriteAsync(context.ApiVersion().ToString())));
        using var response = await host.Client.GetAsync(path);
        Assert.Equal(version, await response.Content.ReadAsStringAsync());
        Assert.Equal("1.51", response.Headers.GetValues("Api-Version").Single());
        Assert.Equal("linux", response.Headers.GetValues("Ostype").Single());
        Assert.Equal("false", response.Headers.GetValues("Docker-Experimental").Single());
        Assert.Equal("Swarm/0.1.0 (linux)", response.Headers.GetValues("Server").Single());
    }

    [Fact]
    public async Task Socket_is_for_its_owner_and_group_alone()
    {
        await using var host = await TestHost.StartAsync(_ => { });
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite, File.GetUnixFileMode(host.SocketPath));
    }

    [Fact]
    public async Task Socket_of_a_killed_daemon_is_replaced_and_one_that_is_served_is_not()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("swarm-api-").FullName, "api.sock");
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(path));
        }

        Assert.True(File.Exists(path));
        await using var first = ApiServer.Create(new ApiServerOptions { UnixSockets = [path] }, NullLoggerFactory.Instance, _ => { });
        await first.StartAsync(CancellationToken.None);
        await using var second = ApiServer.Create(new ApiServerOptions { UnixSockets = [path] }, NullLoggerFactory.Instance, _ => { });
        var refused = await Assert.ThrowsAsync<IOException>(() => second.StartAsync(CancellationToken.None));
        Assert.Contains("another process serves it", refused.Message);
        Assert.True(File.Exists(path));
    }

    [Fact]
    public async Task Tcp_is_served_where_asked()
    {
        await using var server = ApiServer.Create(
            new ApiServerOptions { TcpEndpoints = [new IPEndPoint(IPAddress.Loopback, 0)] },
            NullLoggerFactory.Instance,
            routes => routes.MapGet("/thing", context => context.Response.WriteAsync("here")));
        await server.StartAsync(CancellationToken.None);
        using var client = new HttpClient();
        Assert.Equal("here", await client.GetStringAsync($"{Assert.Single(server.Addresses)}/v1.51/thing"));
    }

    [Fact]
    public async Task Lines_reach_the_client_one_by_one_and_the_stream_ends_when_it_leaves()
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var host = await TestHost.StartAsync(routes => routes.MapGet("/lines", async context =>
        {
            var lines = await JsonLines.StartAsync(context);
            await lines.WriteAsync("first", Wire.SwarmJson.Default.String);
            var never = new TaskCompletionSource();
            await using var gone = context.RequestAborted.Register(() => { left.SetResult(); never.SetCanceled(); });
            await never.Task;
        }));
        using (var response = await host.Client.GetAsync("/lines", HttpCompletionOption.ResponseHeadersRead))
        using (var reader = new StreamReader(await response.Content.ReadAsStreamAsync()))
        {
            Assert.Equal("\"first\"", await reader.ReadLineAsync().WaitAsync(TestHost.Deadline));
        }

        await left.Task.WaitAsync(TestHost.Deadline);
    }
}
