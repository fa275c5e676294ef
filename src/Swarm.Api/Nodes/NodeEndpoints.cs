using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Api.Membership;
using Swarm.Api.Wire;
using Swarm.Engine;
using Swarm.Manager.Control;

namespace Swarm.Api.Nodes;

/// <summary>/nodes.</summary>
public static class NodeEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, ManagerAccess access)
    {
        routes.MapGet("/nodes", context => ListAsync(context, access));
        routes.MapGet("/nodes/{id}", context => InspectAsync(context, access));
        routes.MapDelete("/nodes/{id}", context => RemoveAsync(context, access));
        routes.MapPost("/nodes/{id}/update", context => UpdateAsync(context, access));
    }

    private static async Task ListAsync(HttpContext context, ManagerAccess access)
    {
        var filters = Filters.Read(context, "id", "label", "membership", "name", "node.label", "role");
        var roles = filters["role"].Select(one => NodeMapping.Role(one) ?? throw EngineException.BadRequest($"Invalid role filter: '{one}'")).ToHashSet();

        // Whoever is in the store was accepted; there is no pending membership to be in.
        var members = filters["membership"].Select(one => one.ToLowerInvariant() switch
        {
            "accepted" => true,
            "pending" => false,
            _ => throw EngineException.BadRequest($"Invalid membership filter: '{one}'"),
        }).ToHashSet();
        var store = access.Store;
        var view = await access.ReadAsync(context.RequestAborted).ConfigureAwait(false);
        var managers = await store.MembersAsync(context.RequestAborted).ConfigureAwait(false);
        var nodes = view.Nodes.Where(one =>
                filters.Prefix("id", one.Id)
                && filters.Prefix("name", one.Description.Hostname)
                && filters.Labels("label", one.Description.EngineLabels)
                && filters.Labels("node.label", one.Spec.Annotations.Labels)
                && (roles.Count == 0 || roles.Contains(one.Role))
                && (members.Count == 0 || members.Contains(true)))
            .Select(one => NodeMapping.Write(one, store.Leadership, managers));
        await context.WriteJsonAsync<IReadOnlyList<Node>>([.. nodes], SwarmJson.Default.IReadOnlyListNode).ConfigureAwait(false);
    }

    private static async Task InspectAsync(HttpContext context, ManagerAccess access)
    {
        var view = await access.ReadAsync(context.RequestAborted).ConfigureAwait(false);
        var managers = await access.Store.MembersAsync(context.RequestAborted).ConfigureAwait(false);
        var node = NodeMapping.Write(view.Node(context.RouteString("id")), access.Store.Leadership, managers);
        await context.WriteJsonAsync(node, SwarmJson.Default.Node).ConfigureAwait(false);
    }

    private static async Task RemoveAsync(HttpContext context, ManagerAccess access)
    {
        await access.Nodes.RemoveAsync(context.RouteString("id"), context.QueryBool("force"), context.RequestAborted).ConfigureAwait(false);
        await context.AnswerEmptyAsync(StatusCodes.Status200OK).ConfigureAwait(false);
    }

    private static async Task UpdateAsync(HttpContext context, ManagerAccess access)
    {
        var spec = await context.ReadJsonAsync(SwarmJson.Default.NodeSpec).ConfigureAwait(false) ?? new NodeSpec();
        var version = context.QueryVersion("node");
        await access.Nodes.UpdateAsync(context.RouteString("id"), version, NodeMapping.Read(spec), context.RequestAborted).ConfigureAwait(false);
        await context.AnswerEmptyAsync(StatusCodes.Status200OK).ConfigureAwait(false);
    }
}
