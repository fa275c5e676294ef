using Microsoft.AspNetCore.Routing;
using Swarm.Api.Events;
using Swarm.Api.Exec;
using Swarm.Api.Volumes;
using Swarm.Engine.Containers;
using Swarm.Engine.Exec;

namespace Swarm.Api.Containers;

/// <summary>The engine's half of the API, beside <see cref="ClusterApi"/>.</summary>
public sealed record EngineApi(ContainerEngine Engine, ExecEngine Execs, TimeProvider Time)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        ContainerEndpoints.Map(routes, Engine, Execs);
        ContainerStreamEndpoints.Map(routes, Engine);
        AttachEndpoints.Map(routes, Engine, Time);
        ContainerFileEndpoints.Map(routes, Engine);
        ExecEndpoints.Map(routes, Engine, Execs);
        VolumeEndpoints.Map(routes, Engine);
        EventEndpoints.Map(routes, Engine.Events, Time);
    }
}
