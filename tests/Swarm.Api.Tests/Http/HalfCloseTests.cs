using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Swarm.Api.Http;

namespace Swarm.Api.Tests.Http;

/// <summary>A client that says that it will send no more has not left.</summary>
public sealed class HalfCloseTests
{
    [Fact]
    public async Task A_client_that_closed_its_sending_half_is_answered()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var host = await TestHost.StartAsync(routes => routes.MapGet("/slow", async context =>
        {
            await go.Task;
            await context.Response.WriteAsync("still there", context.RequestAborted);
        }));
        using var socket = await AskAsync(host, "GET /slow HTTP/1.1\r\nHost: d\r\n\r\n");
        socket.Shutdown(SocketShutdown.Send);
        go.SetResult();
        Assert.Contains("still there", await ReadAllAsync(socket), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_is_cancelled_when_its_client_leaves_after_it_closed_its_sending_half()
    {
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var host = await TestHost.StartAsync(routes => routes.MapGet("/quiet", async context =>
        {
            context.RequestAborted.Register(cancelled.SetResult);
            began.SetResult();
            await cancelled.Task;
        }));
        using (var socket = await AskAsync(host, "GET /quiet HTTP/1.1\r\nHost: d\r\n\r\n"))
        {
            socket.Shutdown(SocketShutdown.Send);
            await began.Task.WaitAsync(TestHost.Deadline);
            Assert.False(cancelled.Task.IsCompleted);
        }

        await cancelled.Task.WaitAsync(TestHost.Deadline);
    }

    [Fact]
    public async Task What_a_session_says_at_once_comes_after_its_head_was_read()
    {
        await using var host = await TestHost.StartAsync(routes => routes.MapPost("/says", context => context.HijackAsync(
            Hijack.RawStream, async (stream, cancellation) => await stream.WriteAsync("at once"u8.ToArray(), cancellation), TimeProvider.System)));
        using var socket = await AskAsync(host, "POST /says HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n");
        var first = new byte[4096];
        var count = await socket.ReceiveAsync(first);
        Assert.EndsWith("\r\n\r\n", Encoding.ASCII.GetString(first, 0, count), StringComparison.Ordinal);
        Assert.Equal("at once", await ReadAllAsync(socket));
    }

    private static async Task<Socket> AskAsync(TestHost host, string request)
    {
        var socket = await host.ConnectAsync();
        await socket.SendAsync(Encoding.ASCII.GetBytes(request));
        return socket;
    }

    private static async Task<string> ReadAllAsync(Socket socket)
    {
        using var limit = new CancellationTokenSource(TestHost.Deadline);
        var text = new StringBuilder();
        var buffer = new byte[4096];
        for (int count; (count = await socket.ReceiveAsync(buffer, limit.Token)) > 0;)
        {
            text.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }

        return text.ToString();
    }
}
