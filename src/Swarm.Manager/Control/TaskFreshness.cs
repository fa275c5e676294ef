using Swarm.Manager.Orchestration;
using Swarm.Model;

namespace Swarm.Manager.Control;

/// <summary>Whether a service's tasks are what its spec of today would make, as the orchestrator judges it: scaling makes no task old.</summary>
public sealed class TaskFreshness(Service service)
{
    private readonly SpecDrift _drift = new(service);

    public bool IsUpToDate(SwarmTask task) => !_drift.IsStale(task);
}
