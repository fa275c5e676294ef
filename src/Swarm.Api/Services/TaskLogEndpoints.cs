using System.Buffers;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Api.Membership;
using Swarm.Engine;
using Swarm.Manager.Control;
using Swarm.Manager.Logs;

namespace Swarm.Api.Services;

/// <summary>/services/{id}/logs and /tasks/{id}/logs, from all nodes.</summary>
public static class TaskLogEndpoints
{
    /// <summary>Bytes after which the client gets what there is, though more is at hand.</summary>
    private const int MaximumBatch = 256 * 1024;

    public static void Map(IEndpointRouteBuilder routes, ManagerAccess access, TimeProvider time)
    {
        routes.MapGet("/services/{id}/logs", async context =>
        {
            var (wanted, timestamps, details) = Read(context, time);
            var service = (await access.ReadAsync(context.RequestAborted).ConfigureAwait(false)).Service(context.RouteString("id"));
            await WriteAsync(
                context,
                new TaskLogWriter(service.Spec.Task.Container.Tty, timestamps, details),
                missing => access.Tasks.Logs.OfServiceAsync(service.Id, wanted, missing, context.RequestAborted)).ConfigureAwait(false);
        });
        routes.MapGet("/tasks/{id}/logs", async context =>
        {
            var (wanted, timestamps, details) = Read(context, time);
            var task = (await access.ReadAsync(context.RequestAborted).ConfigureAwait(false)).Task(context.RouteString("id"));
            await WriteAsync(
                context,
                new TaskLogWriter(task.Spec.Container.Tty, timestamps, details),
                missing => access.Tasks.Logs.OfTaskAsync(task.Id, wanted, missing, context.RequestAborted)).ConfigureAwait(false);
        });
    }

    private static async Task WriteAsync(HttpContext context, TaskLogWriter writer, Func<Action<string>, IAsyncEnumerable<TaskLogLine>> read)
    {
        List<string> missing = [];
        var lines = read(missing.Add);
        context.Response.ContentType = writer.IsRaw ? Hijack.RawStream : Hijack.MultiplexedStream;
        await context.Response.StartAsync(context.RequestAborted).ConfigureAwait(false);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted).ConfigureAwait(false);

        // A buffer of our own: each piece that is written to the response itself takes a lock.
        var output = new ArrayBufferWriter<byte>();
        await using var all = lines.GetAsyncEnumerator(context.RequestAborted);
        while (true)
        {
            var next = all.MoveNextAsync();
            if (output.WrittenCount > 0 && (!next.IsCompleted || output.WrittenCount >= MaximumBatch))
            {
                await SendAsync(context, output).ConfigureAwait(false);
            }

            if (!await next.ConfigureAwait(false))
            {
                break;
            }

            writer.Write(output, all.Current);
        }

        if (missing.Count > 0)
        {
            // The client ends with this text, and a status that says that something is missing.
            writer.WriteFailure(output, "Error grabbing logs: warning: incomplete log stream. some logs could not be retrieved for the following reasons: " + string.Join(", ", missing) + "\n");
        }

        await SendAsync(context, output).ConfigureAwait(false);
    }

    private static async Task SendAsync(HttpContext context, ArrayBufferWriter<byte> output)
    {
        await context.Response.BodyWriter.WriteAsync(output.WrittenMemory, context.RequestAborted).ConfigureAwait(false);
        output.ResetWrittenCount();
    }

    private static (TaskLogOptions Wanted, bool Timestamps, bool Details) Read(HttpContext context, TimeProvider time)
    {
        var (stdout, stderr) = (context.QueryBool("stdout"), context.QueryBool("stderr"));
        if (!stdout && !stderr)
        {
            throw EngineException.BadRequest("Bad parameters: you must choose at least one stream");
        }

        var wanted = new TaskLogOptions(stdout, stderr, context.QueryBool("follow"), Moment(context, "since", time), Moment(context, "until", time), Tail(context));
        return (wanted, context.QueryBool("timestamps"), context.QueryBool("details"));
    }

    private static int? Tail(HttpContext context)
    {
        var text = context.QueryString("tail");
        if (text is "" or "all")
        {
            return null;
        }

        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var count))
        {
            throw EngineException.BadRequest("tail value must be a positive integer or \"all\"");
        }

        return count >= 0 ? count : throw EngineException.BadRequest("negative tail values not supported");
    }

    private static DateTimeOffset? Moment(HttpContext context, string name, TimeProvider time)
    {
        var text = context.QueryString(name);
        return text is "" or "0" ? null
            : PruneUntil.Moment(text, time.GetUtcNow()) ?? throw EngineException.BadRequest($"invalid value for \"{name}\": failed to parse value as time or duration: \"{text}\"");
    }
}
