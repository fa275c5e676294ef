using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Http;
using Swarm.Api.Wire;
using Swarm.Engine;
using Swarm.Manager.Certificates;
using Swarm.Manager.Control;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Api.Membership;

/// <summary>/swarm: this node's life in a cluster, and the cluster's own settings.</summary>
public static class SwarmEndpoints
{
    private static readonly TimeSpan DockersHeartbeatPeriod = TimeSpan.FromSeconds(5);

    public static void Map(IEndpointRouteBuilder routes, INodeLifecycle node, ManagerAccess access)
    {
        routes.MapGet("/swarm", context => InspectAsync(context, access));
        routes.MapPost("/swarm/init", context => InitAsync(context, node));
        routes.MapPost("/swarm/join", context => JoinAsync(context, node));
        routes.MapPost("/swarm/leave", context => LeaveAsync(context, node));
        routes.MapPost("/swarm/update", context => UpdateAsync(context, access));
        routes.MapGet("/swarm/unlockkey", context => UnlockKeyAsync(context, access));
        routes.MapPost("/swarm/unlock", context => UnlockAsync(context, node));
    }

    private static async Task InspectAsync(HttpContext context, ManagerAccess access)
    {
        var view = await access.ReadAsync(context.RequestAborted).ConfigureAwait(false);
        var cluster = view.Cluster ?? throw new NoLeaderException();
        await context.WriteJsonAsync(ClusterMapping.Inspect(cluster), SwarmJson.Default.ClusterInspect).ConfigureAwait(false);
    }

    private static async Task InitAsync(HttpContext context, INodeLifecycle node)
    {
        var request = await context.ReadJsonAsync(SwarmJson.Default.InitRequest).ConfigureAwait(false) ?? new InitRequest();
        var spec = ClusterMapping.Read(request.Spec);
        if (ClusterMapping.Brought(request.Spec) != BroughtRoot.None)
        {
            throw EngineException.BadRequest("a new swarm makes its own root CA: bring another one by `docker swarm ca --rotate` once it is initialized");
        }

        if (spec.HeartbeatPeriod == DockersHeartbeatPeriod)
        {
            // The docker client always sends its own default here; whoever really wants it says so by `swarm update`.
            spec = spec with { HeartbeatPeriod = new ClusterSpec().HeartbeatPeriod };
        }

        spec = spec with { AutoLockManagers = spec.AutoLockManagers || request.AutoLockManagers == true };
        ClusterControl.Check(spec);
        var id = await node.InitAsync(
            new SwarmInit(
                request.ListenAddr ?? "",
                request.AdvertiseAddr ?? "",
                request.DataPathAddr ?? "",
                (int)(request.DataPathPort ?? 0),
                request.DefaultAddrPool ?? [],
                (int)(request.SubnetSize ?? 0),
                request.ForceNewCluster ?? false,
                ClusterMapping.Availability(request.Availability),
                spec),
            context.RequestAborted).ConfigureAwait(false);
        await context.WriteJsonAsync(id, SwarmJson.Default.String).ConfigureAwait(false);
    }

    private static async Task JoinAsync(HttpContext context, INodeLifecycle node)
    {
        var request = await context.ReadJsonAsync(SwarmJson.Default.JoinRequest).ConfigureAwait(false) ?? new JoinRequest();
        if (request.RemoteAddrs is null or { Count: 0 })
        {
            throw EngineException.BadRequest("at least 1 RemoteAddr is required to join");
        }

        await node.JoinAsync(
            new SwarmJoin(
                request.ListenAddr ?? "",
                request.AdvertiseAddr ?? "",
                request.DataPathAddr ?? "",
                request.RemoteAddrs,
                request.JoinToken ?? "",
                ClusterMapping.Availability(request.Availability)),
            context.RequestAborted).ConfigureAwait(false);
        await context.AnswerEmptyAsync(StatusCodes.Status200OK).ConfigureAwait(false);
    }

    private static async Task LeaveAsync(HttpContext context, INodeLifecycle node)
    {
        await node.LeaveAsync(context.QueryBool("force"), context.RequestAborted).ConfigureAwait(false);
        await context.AnswerEmptyAsync(StatusCodes.Status200OK).ConfigureAwait(false);
    }

    private static async Task UpdateAsync(HttpContext context, ManagerAccess access)
    {
        var wire = await context.ReadJsonAsync(SwarmJson.Default.Spec).ConfigureAwait(false);
        var spec = ClusterMapping.Read(wire);
        var version = context.QueryVersion("swarm");
        var worker = context.QueryParsedBool("rotateWorkerToken");
        var manager = context.QueryParsedBool("rotateManagerToken");
        var rotations = new ClusterRotations(worker, manager, UnlockKey: context.QueryParsedBool("rotateManagerUnlockKey"));
        await access.Cluster.UpdateAsync(version, spec, ClusterMapping.Brought(wire), rotations, context.RequestAborted).ConfigureAwait(false);
        await context.AnswerEmptyAsync(StatusCodes.Status200OK).ConfigureAwait(false);
    }

    private static async Task UnlockKeyAsync(HttpContext context, ManagerAccess access)
    {
        var key = await access.Cluster.UnlockKeyAsync(context.RequestAborted).ConfigureAwait(false);
        await context.WriteJsonAsync(new UnlockKeyResponse { UnlockKey = key }, SwarmJson.Default.UnlockKeyResponse).ConfigureAwait(false);
    }

    private static async Task UnlockAsync(HttpContext context, INodeLifecycle node)
    {
        var request = await context.ReadJsonAsync(SwarmJson.Default.UnlockRequest).ConfigureAwait(false) ?? new UnlockRequest();
        await node.UnlockAsync(request.UnlockKey ?? "", context.RequestAborted).ConfigureAwait(false);
        await context.AnswerEmptyAsync(StatusCodes.Status200OK).ConfigureAwait(false);
    }
}
