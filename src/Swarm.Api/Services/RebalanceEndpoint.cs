using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Api.Membership;
using Swarm.Api.Wire;
using Swarm.Engine;
using Swarm.Manager.Control;

namespace Swarm.Api.Services;

/// <summary>POST /services/{id}/rebalance?budget=N&amp;dryRun=true, which Docker has not: levels the tasks over the nodes, and answers which ones move.</summary>
internal static class RebalanceEndpoint
{
    internal static void Map(IEndpointRouteBuilder routes, ManagerAccess access) =>
        routes.MapPost("/services/{id}/rebalance", context => RebalanceAsync(context, access));

    private static async Task RebalanceAsync(HttpContext context, ManagerAccess access)
    {
        var budget = context.QueryString("budget") is { Length: > 0 } text ? Budget(text) : ServiceControl.MaxMoves;
        var moves = await access.Services
            .RebalanceAsync(context.RouteString("id"), budget, context.QueryParsedBool("dryRun"), context.RequestAborted).ConfigureAwait(false);
        await context.WriteJsonAsync(
            new ServiceRebalanceResponse
            {
                Moves = [.. moves.Select(move => new TaskMove { TaskID = move.Task.Id, Slot = move.Task.Slot, From = move.Task.NodeId, To = move.ToNodeId })],
            },
            SwarmJson.Default.ServiceRebalanceResponse).ConfigureAwait(false);
    }

    private static int Budget(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var budget)
        ? budget
        : throw EngineException.BadRequest($"budget: '{text}' is not a number");
}
