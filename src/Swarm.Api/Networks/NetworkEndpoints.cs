using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Api.Membership;
using Swarm.Api.Wire;
using Swarm.Engine;
using Swarm.Manager.Control;
using Swarm.Store;

namespace Swarm.Api.Networks;

/// <summary>/networks.</summary>
public static class NetworkEndpoints
{
    private const string ClusterScope = "swarm";

    internal static readonly string[] Predefined = ["bridge", "host", "none"];

    public static void Map(IEndpointRouteBuilder routes, INetworkCatalog catalog, ManagerAccess access, TimeProvider time)
    {
        var cluster = new ClusterNetworks(access);
        routes.MapGet("/networks", context => ListAsync(context, catalog, cluster));
        routes.MapGet("/networks/{id}", context => InspectAsync(context, catalog, cluster, access));
        routes.MapPost("/networks/create", context => CreateAsync(context, catalog, cluster));
        routes.MapPost("/networks/prune", context => PruneAsync(context, catalog, cluster, time));
        routes.MapDelete("/networks/{id}", context => RemoveAsync(context, catalog, cluster));
        NetworkCheckEndpoint.Map(routes, access);
        routes.MapPost("/networks/{id}/connect", context => ConnectAsync(context, catalog));
        routes.MapPost("/networks/{id}/disconnect", context => DisconnectAsync(context, catalog));
    }

    /// <summary>The name of the network of this node that a user means; null: there is none, or more than one.</summary>
    internal static string? NameOf(INetworkCatalog catalog, string input)
    {
        var all = catalog.List();
        var matches = all.Where(one => one.Id == input || one.Name == input).Concat(all.Where(one => one.Id.StartsWith(input, StringComparison.Ordinal))).ToList();
        return matches.Count > 0 ? matches[0].Name : null;
    }

    private static async Task ListAsync(HttpContext context, INetworkCatalog catalog, ClusterNetworks cluster)
    {
        var filters = Filters.Read(context, "dangling", "driver", "id", "label", "name", "scope", "type");
        var unused = filters.Bool("dangling");
        if (filters["type"].FirstOrDefault(type => type is not ("custom" or "builtin")) is { } unknown)
        {
            throw EngineException.BadRequest($"invalid filter: 'type'='{unknown}'");
        }

        var view = await cluster.ReadAsync(context.RequestAborted).ConfigureAwait(false);
        var networks = Merged(catalog, view).Where(one =>
            filters.Prefix("id", one.Id)
            && (!filters.Has("name") || filters["name"].Any(name => one.Name.Contains(name, StringComparison.Ordinal)))
            && filters.Exact("driver", one.Driver)
            && filters.Exact("scope", one.Scope)
            && filters.Labels("label", one.Labels)
            && filters.Exact("type", IsPredefined(one) ? "builtin" : "custom")
            && (unused is null || unused == IsUnused(view, one)));

        // Who is on a network is told by an inspection only, as by Docker since API 1.28.
        var bare = new Dictionary<string, EndpointResource>();
        var told = context.ApiVersion() < new ApiVersion(1, 28) ? networks : networks.Select(one => one with { Containers = bare });
        await context.WriteJsonAsync<IReadOnlyList<NetworkResource>>([.. told], NetworkJson.Default.IReadOnlyListNetworkResource).ConfigureAwait(false);
    }

    private static async Task InspectAsync(HttpContext context, INetworkCatalog catalog, ClusterNetworks cluster, ManagerAccess access)
    {
        var verbose = context.QueryBool("verbose");
        var scope = context.QueryString("scope");
        var view = await cluster.ReadAsync(context.RequestAborted).ConfigureAwait(false);

        // A swarm's services may be on the predefined networks of their nodes, which so are of both scopes.
        var found = Find([.. Merged(catalog, view).Where(one => scope.Length == 0 || one.Scope == scope || (scope == "swarm" && IsPredefined(one)))], context.RouteString("id"));
        var whole = view?.Networks.Find(found.Id) is { } network ? ClusterNetworkWriter.WriteWhole(view, network, access.NodeId, verbose) : found;
        await context.WriteJsonAsync(whole, NetworkJson.Default.NetworkResource).ConfigureAwait(false);
    }

    private static async Task CreateAsync(HttpContext context, INetworkCatalog catalog, ClusterNetworks cluster)
    {
        var request = await context.ReadJsonAsync(NetworkJson.Default.NetworkCreateRequest).ConfigureAwait(false) ?? new NetworkCreateRequest();
        var view = await cluster.ReadAsync(context.RequestAborted).ConfigureAwait(false);
        if (Merged(catalog, view).Any(one => one.Name == request.Name && !IsPredefined(one)))
        {
            throw new EngineException(StatusCodes.Status409Conflict, $"network with name {request.Name} already exists");
        }

        var id = await (ClusterNetworks.IsAsked(request) ? cluster.CreateAsync(request, context.RequestAborted) : catalog.CreateAsync(request, context.RequestAborted)).ConfigureAwait(false);
        await context.WriteJsonAsync(new NetworkCreated(id, ""), NetworkJson.Default.NetworkCreated, StatusCodes.Status201Created).ConfigureAwait(false);
    }

    private static async Task RemoveAsync(HttpContext context, INetworkCatalog catalog, ClusterNetworks cluster)
    {
        var input = context.RouteString("id");
        var view = await cluster.ReadAsync(context.RequestAborted).ConfigureAwait(false);
        var id = view is null ? input : Find(Merged(catalog, view), input).Id;
        await (view?.Networks.Find(id) is null ? (Task)catalog.RemoveAsync(id, context.RequestAborted) : cluster.RemoveAsync(id, context.RequestAborted)).ConfigureAwait(false);
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

    private static async Task PruneAsync(HttpContext context, INetworkCatalog catalog, ClusterNetworks cluster, TimeProvider time)
    {
        var filters = Filters.Read(context, "label", "label!", "until");
        var until = PruneUntil.Of(filters, time.GetUtcNow());
        var view = await cluster.ReadAsync(context.RequestAborted).ConfigureAwait(false);
        var removed = new List<string>();
        foreach (var one in Merged(catalog, view).Where(one =>
            IsUnused(view, one) && filters.Labels("label", one.Labels) && filters.WithoutLabels("label!", one.Labels) && (until is null || one.Created < until.Value.UtcDateTime)))
        {
            try
            {
                removed.Add(view?.Networks.Find(one.Id) is null
                    ? (await catalog.RemoveAsync(one.Id, context.RequestAborted).ConfigureAwait(false)).Name
                    : (await cluster.RemoveAsync(one.Id, context.RequestAborted).ConfigureAwait(false)).Annotations.Name);
            }
            catch (EngineException e) when (e.Status is StatusCodes.Status403Forbidden or StatusCodes.Status404NotFound)
            {
                // It came into use, or was removed, meanwhile.
            }
            catch (ControlException e) when (e.Status is StatusCodes.Status400BadRequest or StatusCodes.Status404NotFound)
            {
                // The same.
            }
        }

        await context.WriteJsonAsync(new NetworksPruned(removed.Count > 0 ? removed : null), NetworkJson.Default.NetworksPruned).ConfigureAwait(false);
    }

    /// <summary>
    /// The node's own networks, and on a manager the cluster's. What a node has made of these is shown on workers alone: a manager knows them all, and which
    /// are no more.
    /// </summary>
    private static List<NetworkResource> Merged(INetworkCatalog catalog, StoreView? view) => view is null
        ? [.. catalog.List()]
        : [.. catalog.List().Where(one => one.Scope != ClusterScope), .. view.Networks.OrderBy(one => one.Meta.CreatedAt).Select(ClusterNetworkWriter.Write)];

    private static NetworkResource Find(List<NetworkResource> all, string input)
    {
        if (all.Find(one => one.Id == input) is { } exact)
        {
            return exact;
        }

        var named = all.Where(one => one.Name == input).ToList();
        var matches = named.Count > 0 ? named : [.. all.Where(one => one.Id.StartsWith(input, StringComparison.Ordinal))];
        return matches.Count switch
        {
            1 => matches[0],
            0 => throw EngineException.NotFound($"network {input} not found"),
            var many => throw EngineException.BadRequest($"network {input} is ambiguous ({many} matches found {(named.Count > 0 ? "on name" : "based on ID prefix")})"),
        };
    }

    private static bool IsPredefined(NetworkResource network) => Predefined.Contains(network.Name);

    private static bool IsUnused(StoreView? view, NetworkResource network) => view?.Networks.Find(network.Id) is { } one
        ? ClusterNetworks.IsUnused(view, one)
        : network.Containers.Count == 0 && !IsPredefined(network);
}
