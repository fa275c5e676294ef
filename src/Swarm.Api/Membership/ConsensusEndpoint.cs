using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Api.Wire;
using Swarm.Store.Replication;

namespace Swarm.Api.Membership;

/// <summary>
/// GET /swarm/consensus, which Docker has not: this manager's own replica, without asking anybody. Two managers that answer one AppliedIndex and
/// different digests have diverged. While entries are being applied a digest may be of half an entry: ask again before believing.
/// </summary>
internal static class ConsensusEndpoint
{
    public static void Map(IEndpointRouteBuilder routes, INodeLifecycle node, ManagerAccess access) =>
        routes.MapGet("/swarm/consensus", context => AnswerAsync(context, node, access));

    private static Task AnswerAsync(HttpContext context, INodeLifecycle node, ManagerAccess access)
    {
        var withDigest = context.QueryParsedBool("digest");
        var store = access.Store;
        var leadership = store.Leadership;
        var view = store.View;
        return context.WriteJsonAsync(
            new ConsensusState
            {
                NodeID = node.State.NodeId,
                Term = leadership.Term,
                LeaderID = leadership.LeaderId ?? "",
                IsLeader = leadership.IsLeader,
                AppliedIndex = view.Index,
                Digest = withDigest ? StoreDigest.Of(view) : null,
            },
            SwarmJson.Default.ConsensusState);
    }
}
