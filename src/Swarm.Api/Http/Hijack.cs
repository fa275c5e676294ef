using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Swarm.Linux;

namespace Swarm.Api.Http;

/// <summary>
/// Takes a connection over from HTTP: what follows is a raw stream in both directions (attach, exec, build sessions). Kestrel's own upgrade
/// treats a client that closed its sending half as gone, but `echo x | docker exec -i` does just that and then waits for the output.
/// </summary>
public static class Hijack
{
    /// <summary>Raw bytes, as a terminal gives them.</summary>
    public const string RawStream = "application/vnd.docker.raw-stream";

    /// <summary>Frames of stdout and stderr with eight bytes of header.</summary>
    public const string MultiplexedStream = "application/vnd.docker.multiplexed-stream";

    /// <summary>Older clients know of one type only, and so does whoever asks for no upgrade.</summary>
    private static readonly ApiVersion NamesFrames = new(1, 42);

    private static readonly TimeSpan HeadPatience = TimeSpan.FromMilliseconds(100), HeadPoll = TimeSpan.FromMilliseconds(1);

    /// <summary>
    /// Answers `101 UPGRADED` if the client asked for an upgrade, else 200, and runs <paramref name="session"/> on the connection, which is
    /// closed after it. What is left of the request's body is passed over. A read of the stream answers 0 once the client closed its sending half; a write to a
    /// client that is gone throws <see cref="IOException"/>.
    /// </summary>
    /// <param name="headAlone">
    /// The session has something to say at once: it begins when the client has read the head, or after <see cref="HeadPatience"/>. Some clients
    /// (docker-py) lose what comes in one piece with it.
    /// </param>
    public static async Task HijackAsync(
        this HttpContext context, string contentType, Func<Stream, CancellationToken, Task> session, TimeProvider? headAlone = null)
    {
        var connection = context.Features.Get<HijackConnection>()
            ?? throw new InvalidOperationException("the listener has no UseHijack");
        await SkipBodyAsync(context).ConfigureAwait(false);
        await using var stream = connection.Take();
        try
        {
            if (headAlone is not null && connection.PlainSocket is { } socket)
            {
                await SendAloneAsync(socket, Head(context, contentType), headAlone).ConfigureAwait(false);
            }
            else
            {
                await stream.WriteAsync(Head(context, contentType)).ConfigureAwait(false);
            }

            await session(stream, stream.Closed).ConfigureAwait(false);
        }
        finally
        {
            // HTTP must neither wait for a next request nor write an answer: an aborted request has none.
            context.Features.GetRequiredFeature<IConnectionLifetimeNotificationFeature>().RequestClose();
            context.Abort();
        }
    }

    /// <summary>
    /// Some clients (dockerode) repeat their options in a body that nobody reads: it is not what the container is to hear. A body of unknown
    /// length is the stream itself.
    /// </summary>
    private static async Task SkipBodyAsync(HttpContext context)
    {
        if (context.Request.ContentLength > 0)
        {
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted).ConfigureAwait(false);
        }
    }

    private static async Task SendAloneAsync(Socket socket, byte[] head, TimeProvider time)
    {
        for (var sent = 0; sent < head.Length;)
        {
            sent += await socket.SendAsync(head.AsMemory(sent)).ConfigureAwait(false);
        }

        // The kernel has no event for it.
        var start = time.GetTimestamp();
        while (LocalSocket.Unread((int)socket.Handle) > 0 && time.GetElapsedTime(start) < HeadPatience)
        {
            await Task.Delay(HeadPoll, time).ConfigureAwait(false);
        }
    }

    private static byte[] Head(HttpContext context, string contentType)
    {
        var upgrade = context.Request.Headers.Upgrade.ToString();
        contentType = upgrade.Length > 0 && context.ApiVersion() >= NamesFrames ? contentType : RawStream;
        var head = upgrade.Length > 0
            ? $"HTTP/1.1 101 UPGRADED\r\nContent-Type: {contentType}\r\nConnection: Upgrade\r\nUpgrade: {upgrade}\r\n"
            : $"HTTP/1.1 200 OK\r\nContent-Type: {contentType}\r\n";
        return Encoding.ASCII.GetBytes($"{head}Api-Version: {ApiVersion.Current}\r\nDocker-Experimental: false\r\nOstype: linux\r\n\r\n");
    }
}
