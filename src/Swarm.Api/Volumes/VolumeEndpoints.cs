using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Engine;
using Swarm.Engine.Containers;
using Swarm.Engine.Volumes;

namespace Swarm.Api.Volumes;

/// <summary>/volumes.</summary>
public static class VolumeEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, ContainerEngine engine)
    {
        routes.MapGet("/volumes", context => ListAsync(context, engine));
        routes.MapPost("/volumes/create", context => CreateAsync(context, engine));
        routes.MapPost("/volumes/prune", context => PruneAsync(context, engine));
        routes.MapGet("/volumes/{name}", context => context.WriteJsonAsync(engine.InspectVolume(context.RouteString("name")), EngineJson.Default.VolumeView));
        routes.MapDelete("/volumes/{name}", context => RemoveAsync(context, engine));
        routes.MapPut("/volumes/{name}", _ => throw EngineException.NotImplemented("cluster volumes are not built, and no other volume can be changed"));
    }

    private static Task ListAsync(HttpContext context, ContainerEngine engine)
    {
        var filters = Filters.Read(context, "name", "label", "driver", "dangling");
        var dangling = filters.Bool("dangling");
        var volumes = engine.Volumes.All.Where(v =>
            (!filters.Has("name") || filters["name"].Any(n => v.Name.Contains(n, StringComparison.Ordinal)))
            && filters.Labels("label", v.Labels)
            && filters.Exact("driver", "local")
            && (dangling is null || dangling == !engine.UsersOf(v.Name).Any()));
        return context.WriteJsonAsync(new VolumeList([.. volumes.Select(engine.Volumes.View)], null), EngineJson.Default.VolumeList);
    }

    private static async Task CreateAsync(HttpContext context, ContainerEngine engine)
    {
        var request = await context.ReadJsonAsync(EngineJson.Default.VolumeCreateRequest).ConfigureAwait(false) ?? new VolumeCreateRequest();
        var volume = engine.Volumes.Create(request, anonymous: false);
        await context.WriteJsonAsync(engine.Volumes.View(volume), EngineJson.Default.VolumeView, StatusCodes.Status201Created).ConfigureAwait(false);
    }

    private static Task RemoveAsync(HttpContext context, ContainerEngine engine)
    {
        engine.RemoveVolume(context.RouteString("name"), context.QueryBool("force"));
        return context.AnswerEmptyAsync();
    }

    private static Task PruneAsync(HttpContext context, ContainerEngine engine)
    {
        var filters = Filters.Read(context, "label", "label!", "all");

        // Before API 1.42 all of them went, whether somebody had given them a name or not.
        var all = filters.Bool("all") ?? context.ApiVersion() < new ApiVersion(1, 42);
        var (removed, freed) = engine.PruneVolumes(v => (all || v.Anonymous) && filters.Labels("label", v.Labels) && filters.WithoutLabels("label!", v.Labels));
        return context.WriteJsonAsync(new VolumesPruned(removed, freed), EngineJson.Default.VolumesPruned);
    }
}
