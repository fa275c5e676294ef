using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Api.Wire;
using Swarm.Engine;
using Swarm.Manager.Control;

namespace Swarm.Api.Membership;

/// <summary>
/// What Docker's API has no call for. POST /swarm/leader?node=ID hands the leadership over and answers the new leader's id; POST /swarm/peers?addr=HOST:PORT
/// says where a manager is now.
/// </summary>
public static class ManagerEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, INodeLifecycle node, ManagerAccess access)
    {
        routes.MapPost("/swarm/leader", context => TransferAsync(context, node, access));
        routes.MapPost("/swarm/peers", context => MeetAsync(context, node));
    }

    private static async Task TransferAsync(HttpContext context, INodeLifecycle node, ManagerAccess access)
    {
        var wanted = context.Request.Query["node"].ToString();
        var view = await access.ReadAsync(context.RequestAborted).ConfigureAwait(false);
        var successor = wanted.Length == 0 ? "" : view.Node(wanted).Id;
        var leader = await node.TransferLeadershipAsync(successor, context.RequestAborted).ConfigureAwait(false);
        await context.WriteJsonAsync(leader, SwarmJson.Default.String).ConfigureAwait(false);
    }

    private static async Task MeetAsync(HttpContext context, INodeLifecycle node)
    {
        if (context.Request.Query["addr"].ToString() is not { Length: > 0 } address)
        {
            throw EngineException.BadRequest("addr, the host:port of a manager, is needed");
        }

        await node.MeetAsync(address, context.RequestAborted).ConfigureAwait(false);
        await context.AnswerEmptyAsync(StatusCodes.Status200OK).ConfigureAwait(false);
    }
}
