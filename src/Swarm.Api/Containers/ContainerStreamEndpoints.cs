using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Engine;
using Swarm.Engine.Containers;
using Swarm.Engine.Logs;

namespace Swarm.Api.Containers;

/// <summary>/containers/{id}/resize and logs.</summary>
public static class ContainerStreamEndpoints
{
    private const int MaximumBatch = 256 * 1024;

    public static void Map(IEndpointRouteBuilder routes, ContainerEngine engine)
    {
        routes.MapPost("/containers/{id}/resize", context => ResizeAsync(context, engine));
        routes.MapGet("/containers/{id}/logs", context => LogsAsync(context, engine));
    }

    private static async Task ResizeAsync(HttpContext context, ContainerEngine engine)
    {
        var container = ContainerEndpoints.Named(context, engine);
        await engine.ResizeAsync(container, ContainerEndpoints.Size(context, "h"), ContainerEndpoints.Size(context, "w"), context.RequestAborted).ConfigureAwait(false);
        await context.AnswerEmptyAsync(StatusCodes.Status200OK).ConfigureAwait(false);
    }

    private static async Task LogsAsync(HttpContext context, ContainerEngine engine)
    {
        var container = ContainerEndpoints.Named(context, engine);
        var (stdout, stderr) = (context.QueryBool("stdout"), context.QueryBool("stderr"));
        if (!stdout && !stderr)
        {
            throw EngineException.BadRequest("Bad parameters: you must choose at least one stream");
        }

        if (container.Record.HostConfig.LogConfig?.Type == "none")
        {
            throw EngineException.NotImplemented("configured logging driver does not support reading");
        }

        var request = new LogRequest(
            stdout, stderr, context.QueryBool("follow"), context.QueryBool("timestamps"), Timestamp(context, engine, "since"), Timestamp(context, engine, "until"), Tail(context));
        var tty = container.Record.Config.Tty;
        var details = context.QueryBool("details");
        context.Response.ContentType = tty ? Hijack.RawStream : Hijack.MultiplexedStream;
        await context.Response.StartAsync(context.RequestAborted).ConfigureAwait(false);
        var output = context.Response.BodyWriter;
        await output.FlushAsync(context.RequestAborted).ConfigureAwait(false);
        var unsent = 0;
        await using var lines = engine.Logs(container).ReadAsync(request, context.RequestAborted).GetAsyncEnumerator(context.RequestAborted);
        while (true)
        {
            var next = lines.MoveNextAsync();

            // What is on disk is sent in large pieces; whenever the reader has to wait, the client gets what there is.
            if (unsent > 0 && (!next.IsCompleted || unsent >= MaximumBatch))
            {
                await output.FlushAsync(context.RequestAborted).ConfigureAwait(false);
                unsent = 0;
            }

            if (!await next.ConfigureAwait(false))
            {
                break;
            }

            unsent += Write(output, details ? lines.Current.WithDetails() : lines.Current, tty, request.Timestamps);
        }

        await output.FlushAsync(context.RequestAborted).ConfigureAwait(false);
    }

    private static int Write(System.IO.Pipelines.PipeWriter output, LogLine line, bool raw, bool timestamps)
    {
        var size = LogWriter.SizeOf(line, raw, timestamps);
        LogWriter.Write(output.GetSpan(size)[..size], line, raw, timestamps);
        output.Advance(size);
        return size;
    }

    private static int? Tail(HttpContext context) => context.QueryString("tail") switch
    {
        "" or "all" => null,
        var text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : null,
    };

    /// <summary>A moment, as <see cref="PruneUntil.Moment"/> reads it; 0 and nothing are no bound.</summary>
    /// <exception cref="EngineException">400.</exception>
    private static DateTimeOffset? Timestamp(HttpContext context, ContainerEngine engine, string name)
    {
        var text = context.QueryString(name);
        return text is "" or "0" ? null
            : PruneUntil.Moment(text, engine.Now) ?? throw EngineException.BadRequest($"invalid value for \"{name}\": failed to parse value as time or duration: \"{text}\"");
    }
}
