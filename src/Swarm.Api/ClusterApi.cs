using Microsoft.AspNetCore.Routing;
using Swarm.Api.Daemon;
using Swarm.Api.Membership;
using Swarm.Api.Networks;
using Swarm.Api.Nodes;
using Swarm.Api.Secrets;
using Swarm.Api.Services;
using Swarm.Api.Tasks;

namespace Swarm.Api;

/// <summary>Everything that the cluster's half of the API needs; the engine's half maps its own endpoints beside it.</summary>
public sealed record ClusterApi(
    INodeLifecycle Node,
    ManagerAccess Access,
    DaemonFacts Facts,
    ISystemInfo System,
    INetworkCatalog Networks,
    TimeProvider Time)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        SystemEndpoints.Map(routes, Facts, System, Node, Time);
        SwarmEndpoints.Map(routes, Node, Access);
        ManagerEndpoints.Map(routes, Node, Access);
        ConsensusEndpoint.Map(routes, Node, Access);
        ServiceEndpoints.Map(routes, Access, Networks);
        NodeEndpoints.Map(routes, Access);
        TaskEndpoints.Map(routes, Access);
        TaskLogEndpoints.Map(routes, Access, Time);
        TaskExecEndpoints.Map(routes, Access);
        SecretEndpoints.Map(routes, Access);
        NetworkEndpoints.Map(routes, Networks, Access, Time);
        NotBuiltEndpoints.Map(routes);
    }
}
