using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Engine;
using Swarm.Engine.Containers;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Exec;

namespace Swarm.Api.Containers;

/// <summary>/containers: their life. Streams are in <see cref="ContainerStreamEndpoints"/>.</summary>
public static class ContainerEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, ContainerEngine engine, ExecEngine execs)
    {
        routes.MapGet("/containers/json", context => ListAsync(context, engine));
        routes.MapPost("/containers/create", context => CreateAsync(context, engine));
        routes.MapPost("/containers/prune", context => PruneAsync(context, engine));
        routes.MapGet("/containers/{id}/json", context => InspectAsync(context, engine, execs));
        routes.MapGet("/containers/{id}/top", context => TopAsync(context, engine));
        routes.MapPost("/containers/{id}/start", context => StartAsync(context, engine));
        routes.MapPost("/containers/{id}/stop", context => StopAsync(context, engine));
        routes.MapPost("/containers/{id}/restart", context => RestartAsync(context, engine));
        routes.MapPost("/containers/{id}/kill", context => KillAsync(context, engine));
        routes.MapPost("/containers/{id}/pause", context => ActAsync(context, engine, engine.PauseAsync));
        routes.MapPost("/containers/{id}/unpause", context => ActAsync(context, engine, engine.UnpauseAsync));
        routes.MapPost("/containers/{id}/rename", context => ActAsync(context, engine, (c, _) => engine.RenameAsync(c, context.QueryString("name"))));
        routes.MapPost("/containers/{id}/wait", context => WaitAsync(context, engine));
        routes.MapDelete("/containers/{id}", context => RemoveAsync(context, engine));
        MapNotBuilt(routes);
    }

    private static void MapNotBuilt(IEndpointRouteBuilder routes)
    {
        Refuse("POST", "/containers/{id}/update", "changing a container's limits is not built: make a new one");
        Refuse("GET", "/containers/{id}/stats", "statistics of containers are not built");
        Refuse("GET", "/containers/{id}/attach/ws", "attaching by websocket is not built: attach by POST /containers/{id}/attach");

        void Refuse(string method, string path, string why) =>
            routes.MapMethods(path, [method], _ => throw EngineException.NotImplemented($"{why} (in this version)"));
    }

    private static Task ListAsync(HttpContext context, ContainerEngine engine)
    {
        var filters = Filters.Read(context, "id", "name", "label", "status", "exited", "ancestor", "volume", "network", "before", "since", "health", "publish", "expose", "is-task");
        var filter = ContainerFilter.Of(filters, engine);
        var all = context.QueryBool("all") || filters.Has("status") || filters.Has("exited");
        var limit = context.QueryInt("limit") is > 0 and var given ? (int)given : int.MaxValue;
        var summaries = engine.Summaries(c => (all || limit != int.MaxValue || c.State.IsRunning || c.State.Status == ContainerStatus.Restarting) && filter(c));
        return context.WriteJsonAsync([.. summaries.Take(limit)], EngineJson.Default.IReadOnlyListContainerSummary);
    }

    private static async Task CreateAsync(HttpContext context, ContainerEngine engine)
    {
        var request = await context.ReadJsonAsync(EngineJson.Default.ContainerCreateRequest).ConfigureAwait(false)
            ?? throw EngineException.BadRequest("config cannot be empty in order to create a container");
        if (context.QueryString("platform") is { Length: > 0 } platform && !platform.StartsWith("linux", StringComparison.Ordinal))
        {
            throw EngineException.NotImplemented($"platform {platform}: only containers for this machine's own platform are built");
        }

        var container = await engine.CreateAsync(context.QueryString("name"), request, context.RequestAborted).ConfigureAwait(false);
        await context.WriteJsonAsync(new ContainerCreated(container.Id, []), EngineJson.Default.ContainerCreated, StatusCodes.Status201Created).ConfigureAwait(false);
    }

    private static Task InspectAsync(HttpContext context, ContainerEngine engine, ExecEngine execs)
    {
        if (context.QueryBool("size"))
        {
            throw EngineException.NotImplemented("sizes of containers are not built: inspect without size");
        }

        var container = Named(context, engine);
        return context.WriteJsonAsync(engine.Inspect(container, execs.IdsOf(container)), EngineJson.Default.ContainerInspect);
    }

    private static Task TopAsync(HttpContext context, ContainerEngine engine)
    {
        if (context.QueryString("ps_args") is not ("" or "-ef"))
        {
            throw EngineException.NotImplemented("docker top knows the columns of `ps -ef` only: leave out the options");
        }

        return context.WriteJsonAsync(engine.Top(Named(context, engine)), EngineJson.Default.ContainerTop);
    }

    private static async Task StartAsync(HttpContext context, ContainerEngine engine)
    {
        var started = await engine.StartAsync(Named(context, engine), context.RequestAborted).ConfigureAwait(false);
        await context.AnswerEmptyAsync(started ? StatusCodes.Status204NoContent : StatusCodes.Status304NotModified).ConfigureAwait(false);
    }

    private static async Task StopAsync(HttpContext context, ContainerEngine engine)
    {
        var stopped = await engine.StopAsync(Named(context, engine), (int?)context.QueryInt("t"), context.QueryString("signal"), context.RequestAborted).ConfigureAwait(false);
        await context.AnswerEmptyAsync(stopped ? StatusCodes.Status204NoContent : StatusCodes.Status304NotModified).ConfigureAwait(false);
    }

    private static Task RestartAsync(HttpContext context, ContainerEngine engine) => ActAsync(
        context, engine, (c, cancellation) => engine.RestartAsync(c, (int?)context.QueryInt("t"), context.QueryString("signal"), cancellation));

    private static Task KillAsync(HttpContext context, ContainerEngine engine) =>
        ActAsync(context, engine, (c, cancellation) => engine.KillAsync(c, context.QueryString("signal"), cancellation));

    private static Task RemoveAsync(HttpContext context, ContainerEngine engine)
    {
        if (context.QueryBool("link"))
        {
            throw EngineException.NotImplemented("links between containers are not built, so there is none to remove");
        }

        return ActAsync(context, engine, (c, cancellation) => engine.RemoveAsync(c, context.QueryBool("force"), context.QueryBool("v"), cancellation));
    }

    private static async Task WaitAsync(HttpContext context, ContainerEngine engine)
    {
        var waiting = ContainerEngine.WaitAsync(Named(context, engine), context.QueryString("condition") switch
        {
            "" or "not-running" => WaitCondition.NotRunning,
            "next-exit" => WaitCondition.NextExit,
            "removed" => WaitCondition.Removed,
            var other => throw EngineException.BadRequest($"invalid condition: \"{other}\""),
        });

        // The client starts the container only after it has seen that it is heard: the head goes out before the end is known.
        var lines = await JsonLines.StartAsync(context).ConfigureAwait(false);
        var state = await waiting.WaitAsync(context.RequestAborted).ConfigureAwait(false);

        // A start that failed was told to whoever started it; an error here would make the CLI print it twice.
        await lines.WriteAsync(new ContainerWaited(state.ExitCode, Error: null), EngineJson.Default.ContainerWaited).ConfigureAwait(false);
    }

    private static async Task PruneAsync(HttpContext context, ContainerEngine engine)
    {
        var filters = Filters.Read(context, "label", "label!", "until");
        if (filters.Has("until") || filters.Has("label!"))
        {
            throw EngineException.NotImplemented("containers can be pruned by label only");
        }

        var removed = await engine.PruneAsync(c => filters.Labels("label", c.Record.Config.Labels ?? []), context.RequestAborted).ConfigureAwait(false);
        await context.WriteJsonAsync(new ContainersPruned(removed, 0), EngineJson.Default.ContainersPruned).ConfigureAwait(false);
    }

    private static async Task ActAsync(HttpContext context, ContainerEngine engine, Func<Container, CancellationToken, Task> action)
    {
        await action(Named(context, engine), context.RequestAborted).ConfigureAwait(false);
        await context.AnswerEmptyAsync().ConfigureAwait(false);
    }

    internal static Container Named(HttpContext context, ContainerEngine engine) => engine.Get(context.RouteString("id"));

    internal static ushort Size(HttpContext context, string name) =>
        ushort.TryParse(context.QueryString(name), NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            ? size
            : throw EngineException.BadRequest($"strconv.Atoi: parsing \"{context.QueryString(name)}\": invalid syntax");
}
