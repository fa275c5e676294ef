using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Containers;
using Swarm.Api.Http;
using Swarm.Engine;
using Swarm.Engine.Containers;
using Swarm.Engine.Exec;
using Swarm.Engine.Shim;

namespace Swarm.Api.Exec;

/// <summary>/containers/{id}/exec and /exec.</summary>
public static class ExecEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, ContainerEngine engine, ExecEngine execs)
    {
        routes.MapPost("/containers/{id}/exec", context => CreateAsync(context, engine, execs));
        routes.MapPost("/exec/{id}/start", context => StartAsync(context, execs));
        routes.MapPost("/exec/{id}/resize", context => ResizeAsync(context, execs));
        routes.MapGet("/exec/{id}/json", context => context.WriteJsonAsync(execs.Inspect(execs.Get(context.RouteString("id"))), EngineJson.Default.ExecInspect));
    }

    private static async Task CreateAsync(HttpContext context, ContainerEngine engine, ExecEngine execs)
    {
        var request = await context.ReadJsonAsync(EngineJson.Default.ExecCreateRequest).ConfigureAwait(false) ?? new ExecCreateRequest();
        var container = ContainerEndpoints.Named(context, engine);
        var exec = execs.Create(container, request);
        await context.WriteJsonAsync(new ExecCreated(exec.Id), EngineJson.Default.ExecCreated, StatusCodes.Status201Created).ConfigureAwait(false);
    }

    private static async Task StartAsync(HttpContext context, ExecEngine execs)
    {
        var request = await context.ReadJsonAsync(EngineJson.Default.ExecStartRequest).ConfigureAwait(false) ?? new ExecStartRequest();
        var exec = execs.Get(context.RouteString("id"));
        if (request.Detach)
        {
            // A client that leaves must not leave half a start behind.
            await execs.StartAsync(exec, request, CancellationToken.None).ConfigureAwait(false);
            await context.AnswerEmptyAsync(StatusCodes.Status200OK).ConfigureAwait(false);
            return;
        }

        // The head goes out before the process is started: some clients (docker-py) lose what comes in one piece with it.
        execs.CheckStart(exec);
        await context.HijackAsync(request.Tty ? Hijack.RawStream : Hijack.MultiplexedStream, (client, closed) => RunAsync(execs, exec, request, client, closed)).ConfigureAwait(false);
    }

    /// <summary>A command that cannot be run is told on the stream, as Docker tells it: the client then asks for the exit code, 126 or 127.</summary>
    private static async Task RunAsync(ExecEngine execs, ExecProcess exec, ExecStartRequest request, Stream client, CancellationToken closed)
    {
        AttachSession? session;
        try
        {
            session = await execs.StartAsync(exec, request, CancellationToken.None).ConfigureAwait(false);
        }
        catch (EngineException e)
        {
            await StreamRefusal.WriteAsync(client, request.Tty, ShimFrameKind.Stdout, e.Message, closed).ConfigureAwait(false);
            return;
        }

        await session!.RunAsync(client, closed).ConfigureAwait(false);
    }

    private static async Task ResizeAsync(HttpContext context, ExecEngine execs)
    {
        var exec = execs.Get(context.RouteString("id"));
        await execs.ResizeAsync(exec, ContainerEndpoints.Size(context, "h"), ContainerEndpoints.Size(context, "w"), context.RequestAborted).ConfigureAwait(false);
        await context.AnswerEmptyAsync(StatusCodes.Status200OK).ConfigureAwait(false);
    }
}
