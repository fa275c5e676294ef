using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Engine;
using Swarm.Engine.Containers;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Exec;
using Swarm.Engine.Images;

namespace Swarm.Api.Containers;

/// <summary>/containers: their life. Streams are in <see cref="ContainerStreamEndpoints"/>.</summary>
public static class ContainerEndpoints
{
    /// <summary>Bytes: "null" and what may surround it.</summary>
    private const int LongestEmptyBody = 7;

    public static void Map(IEndpointRouteBuilder routes, ContainerEngine engine, ExecEngine execs)
    {
        routes.MapGet("/containers/json", context => ListAsync(context, engine));
        routes.MapPost("/containers/create", context => CreateAsync(context, engine));
        routes.MapPost("/containers/prune", context => PruneAsync(context, engine));
        routes.MapGet("/containers/{id}/json", context => InspectAsync(context, engine, execs, Named(context, engine)));
        routes.MapGet("/containers/{id}/{alias}/json", context => InspectAsync(context, engine, execs, engine.Linked(context.RouteString("id"), context.RouteString("alias"))));
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
        routes.MapDelete("/containers/{id}/{alias}", context => RemoveLinkAsync(context, engine));
        routes.MapPost("/containers/{id}/update", context => UpdateAsync(context, engine));
        routes.MapGet("/containers/{id}/stats", context => StatsEndpoint.AnswerAsync(context, engine));
    }

    private static Task ListAsync(HttpContext context, ContainerEngine engine)
    {
        var filters = Filters.Read(
            context, "id", "name", "label", "status", "exited", "ancestor", "volume", "network", "before", "since", "health", "publish", "expose", "is-task", "isolation");
        var filter = ContainerFilter.Of(filters, engine);
        var given = context.QueryInt("limit") ?? 0;
        var all = context.QueryBool("all") || given > 0 || filters.Has("status");
        var summaries = engine.Summaries(
            c => (all || c.State.IsRunning || c.State.Status == ContainerStatus.Restarting) && filter(c),
            given > 0 ? (int)Math.Min(given, int.MaxValue) : int.MaxValue,
            context.QueryBool("size"));
        return context.WriteJsonAsync(OlderClients.Adapt(summaries, context.ApiVersion()), EngineJson.Default.IReadOnlyListContainerSummary);
    }

    private static async Task CreateAsync(HttpContext context, ContainerEngine engine)
    {
        var request = await context.ReadJsonAsync(EngineJson.Default.ContainerCreateRequest).ConfigureAwait(false);
        if (request is null || request == new ContainerCreateRequest { HostConfig = request.HostConfig, NetworkingConfig = request.NetworkingConfig })
        {
            throw EngineException.BadRequest("config cannot be empty in order to create a container");
        }

        var platform = context.QueryString("platform") is { Length: > 0 } given ? ImagePlatform.Parse(given) : null;
        List<string> warnings = [];
        request = OlderClients.Adapt(request, context.ApiVersion());
        var container = await engine.CreateAsync(context.QueryString("name"), request, context.RequestAborted, warnings, platform).ConfigureAwait(false);
        await context.WriteJsonAsync(new ContainerCreated(container.Id, warnings), EngineJson.Default.ContainerCreated, StatusCodes.Status201Created).ConfigureAwait(false);
    }

    private static Task InspectAsync(HttpContext context, ContainerEngine engine, ExecEngine execs, Container container) => context.WriteJsonAsync(
        OlderClients.Adapt(engine.Inspect(container, execs.IdsOf(container), context.QueryBool("size")), context.ApiVersion()), EngineJson.Default.ContainerInspect);

    private static async Task TopAsync(HttpContext context, ContainerEngine engine)
    {
        var top = await engine.TopAsync(Named(context, engine), context.QueryString("ps_args"), context.RequestAborted).ConfigureAwait(false);
        await context.WriteJsonAsync(top, EngineJson.Default.ContainerTop).ConfigureAwait(false);
    }

    private static async Task UpdateAsync(HttpContext context, ContainerEngine engine)
    {
        var change = await context.ReadJsonAsync(EngineJson.Default.HostConfig).ConfigureAwait(false) ?? new HostConfig();
        change = OlderClients.Adapt(change, context.ApiVersion());
        var warnings = await engine.UpdateAsync(Named(context, engine), change, context.RequestAborted).ConfigureAwait(false);
        await context.WriteJsonAsync(new ContainerUpdated(warnings), EngineJson.Default.ContainerUpdated).ConfigureAwait(false);
    }

    private static async Task StartAsync(HttpContext context, ContainerEngine engine)
    {
        // Before 1.24 a start carried the host's configuration. Who still sends one must not believe that it counts.
        if (context.Request.ContentLength > LongestEmptyBody || context.Request.Headers.TransferEncoding.Count > 0)
        {
            throw EngineException.BadRequest("starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24");
        }

        var started = await engine.StartAsync(Named(context, engine), context.RequestAborted).ConfigureAwait(false);
        await context.AnswerEmptyAsync(started ? StatusCodes.Status204NoContent : StatusCodes.Status304NotModified).ConfigureAwait(false);
    }

    /// <summary>What a stop, restart or removal has begun goes on when its client has left, as in Docker.</summary>
    private static async Task StopAsync(HttpContext context, ContainerEngine engine)
    {
        var stopped = await engine.StopAsync(Named(context, engine), (int?)context.QueryInt("t"), context.QueryString("signal"), CancellationToken.None).ConfigureAwait(false);
        await context.AnswerEmptyAsync(stopped ? StatusCodes.Status204NoContent : StatusCodes.Status304NotModified).ConfigureAwait(false);
    }

    private static Task RestartAsync(HttpContext context, ContainerEngine engine) => ActAsync(
        context, engine, (c, _) => engine.RestartAsync(c, (int?)context.QueryInt("t"), context.QueryString("signal"), CancellationToken.None));

    private static Task KillAsync(HttpContext context, ContainerEngine engine) =>
        ActAsync(context, engine, (c, cancellation) => engine.KillAsync(c, context.QueryString("signal"), context.RouteString("id"), cancellation));

    private static Task RemoveAsync(HttpContext context, ContainerEngine engine)
    {
        if (context.QueryBool("link"))
        {
            throw EngineException.BadRequest($"bad parameter: \"{context.RouteString("id")}\" is no link; one is CONTAINER/ALIAS");
        }

        return ActAsync(context, engine, (c, _) => engine.RemoveAsync(c, context.QueryBool("force"), context.QueryBool("v"), CancellationToken.None));
    }

    /// <summary>`docker rm --link CONTAINER/ALIAS`.</summary>
    private static Task RemoveLinkAsync(HttpContext context, ContainerEngine engine) => context.QueryBool("link")
        ? ActAsync(context, engine, (c, _) => engine.RemoveLinkAsync(c, context.RouteString("alias")))
        : throw EngineException.NotFound($"No such container: {context.RouteString("id")}/{context.RouteString("alias")}");

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
        var until = PruneUntil.Of(filters, engine.Now);
        var (removed, freed) = await engine.PruneAsync(
            c => filters.Labels("label", c.Record.Config.Labels ?? []) && filters.WithoutLabels("label!", c.Record.Config.Labels ?? []) && (until is null || c.Record.Created < until),
            context.RequestAborted).ConfigureAwait(false);
        await context.WriteJsonAsync(new ContainersPruned(removed, freed), EngineJson.Default.ContainersPruned).ConfigureAwait(false);
    }

    private static async Task ActAsync(HttpContext context, ContainerEngine engine, Func<Container, CancellationToken, Task> action)
    {
        await action(Named(context, engine), context.RequestAborted).ConfigureAwait(false);
        await context.AnswerEmptyAsync().ConfigureAwait(false);
    }

    internal static Container Named(HttpContext context, ContainerEngine engine) => engine.Get(context.RouteString("id"));

    /// <summary>Of a terminal: Docker takes 32 bits, the kernel has 16.</summary>
    /// <param name="name">h or w.</param>
    /// <exception cref="EngineException">400.</exception>
    public static ushort Size(HttpContext context, string name)
    {
        var text = context.QueryString(name);
        if (uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size))
        {
            return (ushort)Math.Min(size, ushort.MaxValue);
        }

        var digits = text.AsSpan().TrimStart('-');
        var why = digits.IsEmpty || digits.ContainsAnyExceptInRange('0', '9') ? "invalid syntax" : "value out of range";
        throw EngineException.BadRequest($"invalid resize {(name == "h" ? "height" : "width")} \"{text}\": {why}");
    }
}
