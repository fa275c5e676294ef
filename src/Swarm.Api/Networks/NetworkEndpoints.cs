using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Api.Wire;
using Swarm.Engine;

namespace Swarm.Api.Networks;

/// <summary>/networks.</summary>
public static class NetworkEndpoints
{
    private static readonly string[] Predefined = ["bridge", "host", "none"];

    public static void Map(IEndpointRouteBuilder routes, INetworkCatalog catalog, TimeProvider time)
    {
        routes.MapGet("/networks", context => ListAsync(context, catalog));
        routes.MapGet("/networks/{id}", context => InspectAsync(context, catalog));
        routes.MapPost("/networks/create", context => CreateAsync(context, catalog));
        routes.MapPost("/networks/prune", context => PruneAsync(context, catalog, time));
        routes.MapDelete("/networks/{id}", context => RemoveAsync(context, catalog));
        routes.MapPost("/networks/{id}/connect", context => ConnectAsync(context, catalog));
        routes.MapPost("/networks/{id}/disconnect", context => DisconnectAsync(context, catalog));
    }

    private static Task ListAsync(HttpContext context, INetworkCatalog catalog)
    {
        var filters = Filters.Read(context, "dangling", "driver", "id", "label", "name", "scope", "type");
        var unused = filters.Bool("dangling");
        if (filters["type"].FirstOrDefault(type => type is not ("custom" or "builtin")) is { } unknown)
        {
            throw EngineException.BadRequest($"invalid filter: 'type'='{unknown}'");
        }

        var networks = catalog.List().Where(one =>
            filters.Prefix("id", one.Id)
            && (!filters.Has("name") || filters["name"].Any(name => one.Name.Contains(name, StringComparison.Ordinal)))
            && filters.Exact("driver", one.Driver)
            && filters.Exact("scope", one.Scope)
            && filters.Labels("label", one.Labels)
            && filters.Exact("type", IsPredefined(one) ? "builtin" : "custom")
            && (unused is null || unused == IsUnused(one)));

        // Who is on a network is told by an inspection only, as by Docker since API 1.28.
        var bare = new Dictionary<string, EndpointResource>();
        return context.WriteJsonAsync<IReadOnlyList<NetworkResource>>([.. networks.Select(one => one with { Containers = bare })], NetworkJson.Default.IReadOnlyListNetworkResource);
    }

    private static Task InspectAsync(HttpContext context, INetworkCatalog catalog)
    {
        // What "verbose" adds are the services on a network, of which a network of one node has none.
        context.QueryBool("verbose");
        var scope = context.QueryString("scope");

        // A swarm's services may be on the predefined networks of their nodes, which so are of both scopes.
        var found = Find([.. catalog.List().Where(one => scope.Length == 0 || one.Scope == scope || (scope == "swarm" && IsPredefined(one)))], context.RouteString("id"));
        return context.WriteJsonAsync(found, NetworkJson.Default.NetworkResource);
    }

    private static async Task CreateAsync(HttpContext context, INetworkCatalog catalog)
    {
        var request = await context.ReadJsonAsync(NetworkJson.Default.NetworkCreateRequest).ConfigureAwait(false) ?? new NetworkCreateRequest();
        var id = await catalog.CreateAsync(request, context.RequestAborted).ConfigureAwait(false);
        await context.WriteJsonAsync(new NetworkCreated(id, ""), NetworkJson.Default.NetworkCreated, StatusCodes.Status201Created).ConfigureAwait(false);
    }

    private static async Task RemoveAsync(HttpContext context, INetworkCatalog catalog)
    {
        await catalog.RemoveAsync(context.RouteString("id"), context.RequestAborted).ConfigureAwait(false);
        await context.AnswerEmptyAsync().ConfigureAwait(false);
    }

    private static async Task ConnectAsync(HttpContext context, INetworkCatalog catalog)
    {
        var request = await context.ReadJsonAsync(NetworkJson.Default.NetworkConnectRequest).ConfigureAwait(false) ?? new NetworkConnectRequest();
        await catalog.ConnectAsync(context.RouteString("id"), request, context.RequestAborted).ConfigureAwait(false);
        await context.AnswerEmptyAsync(StatusCodes.Status200OK).ConfigureAwait(false);
    }

    private static async Task DisconnectAsync(HttpContext context, INetworkCatalog catalog)
    {
        var request = await context.ReadJsonAsync(NetworkJson.Default.NetworkDisconnectRequest).ConfigureAwait(false) ?? new NetworkDisconnectRequest();
        await catalog.DisconnectAsync(context.RouteString("id"), request, context.RequestAborted).ConfigureAwait(false);
        await context.AnswerEmptyAsync(StatusCodes.Status200OK).ConfigureAwait(false);
    }

    private static async Task PruneAsync(HttpContext context, INetworkCatalog catalog, TimeProvider time)
    {
        var filters = Filters.Read(context, "label", "label!", "until");
        var until = PruneUntil.Of(filters, time.GetUtcNow());
        var removed = new List<string>();
        foreach (var one in catalog.List().Where(one =>
            IsUnused(one) && filters.Labels("label", one.Labels) && filters.WithoutLabels("label!", one.Labels) && (until is null || one.Created < until.Value.UtcDateTime)))
        {
            try
            {
                removed.Add((await catalog.RemoveAsync(one.Id, context.RequestAborted).ConfigureAwait(false)).Name);
            }
            catch (EngineException e) when (e.Status is StatusCodes.Status403Forbidden or StatusCodes.Status404NotFound)
            {
                // It came into use, or was removed, meanwhile.
            }
        }

        await context.WriteJsonAsync(new NetworksPruned(removed.Count > 0 ? removed : null), NetworkJson.Default.NetworksPruned).ConfigureAwait(false);
    }

    private static NetworkResource Find(List<NetworkResource> all, string input)
    {
        if ((all.Find(one => one.Id == input) ?? all.Find(one => one.Name == input)) is { } exact)
        {
            return exact;
        }

        var matches = all.Where(one => one.Id.StartsWith(input, StringComparison.Ordinal)).ToList();
        return matches.Count switch
        {
            1 => matches[0],
            0 => throw EngineException.NotFound($"network {input} not found"),
            var many => throw EngineException.BadRequest($"network {input} is ambiguous ({many} matches found based on ID prefix)"),
        };
    }

    private static bool IsPredefined(NetworkResource network) => Predefined.Contains(network.Name);

    private static bool IsUnused(NetworkResource network) => network.Containers.Count == 0 && !IsPredefined(network);
}
