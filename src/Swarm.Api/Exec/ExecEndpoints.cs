using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Containers;
using Swarm.Api.Http;
using Swarm.Engine;
using Swarm.Engine.Containers;
using Swarm.Engine.Exec;

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
        var container = ContainerEndpoints.Named(context, engine);
        var request = await context.ReadJsonAsync(EngineJson.Default.ExecCreateRequest).ConfigureAwait(false) ?? new ExecCreateRequest();
        var exec = execs.Create(container, request);
        await context.WriteJsonAsync(new ExecCreated(exec.Id), EngineJson.Default.ExecCreated, StatusCodes.Status201Created).ConfigureAwait(false);
    }

    private static async Task StartAsync(HttpContext context, ExecEngine execs)
    {
        var exec = execs.Get(context.RouteString("id"));
        var request = await context.ReadJsonAsync(EngineJson.Default.ExecStartRequest).ConfigureAwait(false) ?? new ExecStartRequest();
        var session = await execs.StartAsync(exec, request, context.RequestAborted).ConfigureAwait(false);
        if (session is null)
        {
            await context.AnswerEmptyAsync(StatusCodes.Status200OK).ConfigureAwait(false);
            return;
        }

        await context.HijackAsync(
            exec.Request.Tty ? Hijack.RawStream : Hijack.MultiplexedStream,
            (client, closed) => session.RunAsync(client, closed)).ConfigureAwait(false);
    }

    private static async Task ResizeAsync(HttpContext context, ExecEngine execs)
    {
        var exec = execs.Get(context.RouteString("id"));
        await ExecEngine.ResizeAsync(exec, ContainerEndpoints.Size(context, "h"), ContainerEndpoints.Size(context, "w"), context.RequestAborted).ConfigureAwait(false);
        await context.AnswerEmptyAsync(StatusCodes.Status200OK).ConfigureAwait(false);
    }
}
