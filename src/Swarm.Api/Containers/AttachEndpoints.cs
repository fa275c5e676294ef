using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Engine;
using Swarm.Engine.Containers;
using Swarm.Engine.Logs;

namespace Swarm.Api.Containers;

/// <summary>/containers/{id}/attach, over an upgraded connection or a websocket: what was logged, what comes, or both.</summary>
internal static class AttachEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, ContainerEngine engine, TimeProvider time)
    {
        routes.MapPost("/containers/{id}/attach", context => AttachAsync(context, engine, time));
        routes.MapGet("/containers/{id}/attach/ws", context => AttachBySocketAsync(context, engine, time));
    }

    private static async Task AttachAsync(HttpContext context, ContainerEngine engine, TimeProvider time)
    {
        var container = ContainerEndpoints.Named(context, engine);
        var raw = container.Record.Config.Tty;
        var session = await BeginAsync(context, engine, container, raw).ConfigureAwait(false);
        var attachedAt = time.GetUtcNow();
        await context.HijackAsync(
            raw ? Hijack.RawStream : Hijack.MultiplexedStream,
            (client, closed) => RunAsync(context, engine, container, session, raw, attachedAt, client, closed),
            headAlone: context.QueryBool("logs") ? time : null).ConfigureAwait(false);
    }

    private static async Task AttachBySocketAsync(HttpContext context, ContainerEngine engine, TimeProvider time)
    {
        var container = ContainerEndpoints.Named(context, engine);
        if (!context.WebSockets.IsWebSocketRequest)
        {
            throw EngineException.BadRequest("websocket: the client is not using the websocket protocol");
        }

        var session = await BeginAsync(context, engine, container, raw: true).ConfigureAwait(false);
        var attachedAt = time.GetUtcNow();
        using var socket = await context.WebSockets.AcceptWebSocketAsync().ConfigureAwait(false);
        await using var client = new AttachedSocket(socket);
        await RunAsync(context, engine, container, session, raw: true, attachedAt, client, context.RequestAborted).ConfigureAwait(false);
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted).ConfigureAwait(false);
        }
    }

    /// <summary>Null: only the log is wanted.</summary>
    private static async Task<AttachSession?> BeginAsync(HttpContext context, ContainerEngine engine, Container container, bool raw)
    {
        var keys = DetachKeys.Parse(context.QueryString("detachKeys"));
        if (!context.QueryBool("stream"))
        {
            return null;
        }

        var stdin = context.QueryBool("stdin");
        var request = new AttachRequest(stdin, context.QueryBool("stdout"), context.QueryBool("stderr"), stdin && container.Record.Config.Tty ? keys : null) { Raw = raw };
        return await engine.AttachAsync(container, request, context.RequestAborted).ConfigureAwait(false);
    }

    private static async Task RunAsync(
        HttpContext context, ContainerEngine engine, Container container, AttachSession? session, bool raw, DateTimeOffset attachedAt, Stream client, CancellationToken closed)
    {
        try
        {
            if (context.QueryBool("logs"))
            {
                // What is written after this moment the session brings.
                var past = new LogRequest(context.QueryBool("stdout"), context.QueryBool("stderr"), Follow: false, Timestamps: false, null, attachedAt, null);
                await foreach (var line in engine.Logs(container).ReadAsync(past, closed).ConfigureAwait(false))
                {
                    var frame = new byte[LogWriter.SizeOf(line, raw, timestamps: false)];
                    LogWriter.Write(frame, line, raw, timestamps: false);
                    await client.WriteAsync(frame, closed).ConfigureAwait(false);
                }
            }

            if (session is not null)
            {
                if (await session.RunAsync(client, closed).ConfigureAwait(false))
                {
                    engine.Publish(container, "detach");
                }
            }
        }
        catch (OperationCanceledException) when (closed.IsCancellationRequested)
        {
            // The client left before the container was started.
        }
    }
}
