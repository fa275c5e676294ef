using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Api.Membership;
using Swarm.Api.Wire;

namespace Swarm.Api.Networks;

/// <summary>GET /networks/{id}/check, which Docker has not: compares every node's part of a network of the cluster with the store.</summary>
internal static class NetworkCheckEndpoint
{
    internal static void Map(IEndpointRouteBuilder routes, ManagerAccess access) => routes.MapGet("/networks/{id}/check", context => CheckAsync(context, access));

    private static async Task CheckAsync(HttpContext context, ManagerAccess access)
    {
        var nodes = await access.Tasks.Networks.RunAsync(context.RouteString("id"), context.RequestAborted).ConfigureAwait(false);
        await context.WriteJsonAsync<IReadOnlyList<NetworkCheckResult>>(
            [.. nodes.Select(node => new NetworkCheckResult { NodeID = node.NodeId, Index = node.Index, Differences = node.Differences })],
            NetworkJson.Default.IReadOnlyListNetworkCheckResult).ConfigureAwait(false);
    }
}
