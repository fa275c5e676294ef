using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Api.Wire;
using Swarm.Engine;

namespace Swarm.Api.Networks;

/// <summary>/networks: to be looked at; making them is not built.</summary>
public static class NetworkEndpoints
{
    private static readonly string[] Predefined = ["bridge", "host", "none"];

    public static void Map(IEndpointRouteBuilder routes, INetworkCatalog catalog)
    {
        routes.MapGet("/networks", context => ListAsync(context, catalog));
        routes.MapGet("/networks/{id}", context => InspectAsync(context, catalog));
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
            && filters.Exact("type", Predefined.Contains(one.Name) ? "builtin" : "custom")
            && (unused is null || unused == (one.Containers.Count == 0 && !Predefined.Contains(one.Name))));
        return context.WriteJsonAsync<IReadOnlyList<NetworkResource>>([.. networks], NetworkJson.Default.IReadOnlyListNetworkResource);
    }

    private static Task InspectAsync(HttpContext context, INetworkCatalog catalog)
    {
        var input = context.RouteString("id");
        var all = catalog.List();
        var found = all.FirstOrDefault(one => one.Id == input) ?? all.FirstOrDefault(one => one.Name == input);
        if (found is null)
        {
            var matches = all.Where(one => one.Id.StartsWith(input, StringComparison.Ordinal)).ToList();
            found = matches.Count switch
            {
                1 => matches[0],
                0 => throw EngineException.NotFound($"network {input} not found"),
                var many => throw EngineException.BadRequest($"network {input} is ambiguous ({many} matches found based on ID prefix)"),
            };
        }

        return context.WriteJsonAsync(found, NetworkJson.Default.NetworkResource);
    }
}
