using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Swarm.Api.Http;

namespace Swarm.Api.Tests.Http;

public sealed class HijackTests
{
    private const string Upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\n";

    [Theory]
    [InlineData(Upgrade, "HTTP/1.1 101 UPGRADED\r\n")]
    [InlineData("", "HTTP/1.1 200 OK\r\n")]
    public async Task Connection_is_taken_over_and_answers_after_the_client_closed_its_half(string headers, string status)
    {
        await using var host = await TestHost.StartAsync(routes => routes.MapPost("/echo", Echo));
        using var socket = await host.ConnectAsync();
        await SendAsync(socket, $"POST /v1.51/echo HTTP/1.1\r\nHost: d\r\n{headers}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}");
        var head = await ReadUntilAsync(socket, "\r\n\r\n");
        Assert.StartsWith(status, head);
        Assert.Contains("Content-Type: application/vnd.docker.raw-stream\r\n", head);

        await SendAsync(socket, "hello");
        socket.Shutdown(SocketShutdown.Send);

        Assert.Equal("body {} then hello", await ReadToEndAsync(socket));
    }

    [Theory]
    [InlineData("/v1.51", Upgrade, "multiplexed")]
    [InlineData("/v1.41", Upgrade, "raw")]
    [InlineData("/v1.51", "", "raw")]
    public async Task Frames_are_named_to_those_who_know_of_them(string version, string headers, string kind)
    {
        await using var host = await TestHost.StartAsync(routes => routes.MapPost("/frames", context => context.HijackAsync(Hijack.MultiplexedStream, (_, _) => Task.CompletedTask)));
        using var socket = await host.ConnectAsync();
        await SendAsync(socket, $"POST {version}/frames HTTP/1.1\r\nHost: d\r\n{headers}Content-Length: 0\r\n\r\n");
        Assert.Contains($"Content-Type: application/vnd.docker.{kind}-stream\r\n", await ReadUntilAsync(socket, "\r\n\r\n"));
    }

    /// <summary>More than one of the server's pieces of memory at a time: their length once came out wrong.</summary>
    [Fact]
    public async Task Input_of_any_size_arrives_whole()
    {
        var much = new string('z', 300_000);
        await using var host = await TestHost.StartAsync(routes => routes.MapPost("/echo", Echo));
        using var socket = await host.ConnectAsync();
        await SendAsync(socket, $"POST /v1.51/echo HTTP/1.1\r\nHost: d\r\n{Upgrade}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}" + much);
        await ReadUntilAsync(socket, "\r\n\r\n");
        socket.Shutdown(SocketShutdown.Send);
        Assert.Equal("body {} then " + much, await ReadToEndAsync(socket));
    }

    [Fact]
    public async Task A_session_that_ends_closes_the_connection_after_everything_was_sent()
    {
        var much = new byte[3_000_000];
        await using var host = await TestHost.StartAsync(routes => routes.MapPost("/much", context =>
            context.HijackAsync(Hijack.MultiplexedStream, async (stream, cancellation) => await stream.WriteAsync(much, cancellation))));
        using var socket = await host.ConnectAsync();
        await SendAsync(socket, $"POST /much HTTP/1.1\r\nHost: d\r\n{Upgrade}\r\n");
        var head = await ReadUntilAsync(socket, "\r\n\r\n");
        Assert.Contains("application/vnd.docker.multiplexed-stream", head);
        Assert.Equal(much.Length, (await ReadToEndAsync(socket)).Length);
    }

    [Fact]
    public async Task A_session_that_writes_to_a_client_that_left_is_told()
    {
        var ended = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var host = await TestHost.StartAsync(routes => routes.MapPost("/endless", context =>
            context.HijackAsync(Hijack.RawStream, async (stream, _) =>
            {
                try
                {
                    while (true)
                    {
                        await stream.WriteAsync(new byte[65536], CancellationToken.None);
                    }
                }
                catch (IOException e)
                {
                    ended.SetResult(e);
                }
            })));
        var socket = await host.ConnectAsync();
        await SendAsync(socket, $"POST /endless HTTP/1.1\r\nHost: d\r\n{Upgrade}\r\n");
        await ReadUntilAsync(socket, "\r\n\r\n");
        socket.Dispose();
        await ended.Task.WaitAsync(TestHost.Deadline);
    }

    private static async Task Echo(HttpContext context)
    {
        var body = await new StreamReader(context.Request.Body).ReadToEndAsync();
        await context.HijackAsync(Hijack.RawStream, async (stream, cancellation) =>
        {
            var said = await new StreamReader(stream).ReadToEndAsync(cancellation);
            await stream.WriteAsync(Encoding.UTF8.GetBytes($"body {body} then {said}"), cancellation);
        });
    }

    private static Task SendAsync(Socket socket, string text) => socket.SendAsync(Encoding.ASCII.GetBytes(text)).WaitAsync(TestHost.Deadline);

    private static async Task<string> ReadUntilAsync(Socket socket, string end)
    {
        var text = new StringBuilder();
        var one = new byte[1];
        while (!text.ToString().EndsWith(end, StringComparison.Ordinal))
        {
            Assert.Equal(1, await socket.ReceiveAsync(one).WaitAsync(TestHost.Deadline));
            text.Append((char)one[0]);
        }

        return text.ToString();
    }

    private static async Task<string> ReadToEndAsync(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[65536];
        while (await socket.ReceiveAsync(buffer).WaitAsync(TestHost.Deadline) is > 0 and var length)
        {
            text.Append(Encoding.ASCII.GetString(buffer.AsSpan(0, length)));
        }

        return text.ToString();
    }
}
