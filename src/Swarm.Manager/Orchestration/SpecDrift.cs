using Swarm.Manager.Allocation;
using Swarm.Model;

namespace Swarm.Manager.Orchestration;

/// <summary>Which tasks of a service were made from a spec that differs from today's in what a task is. Scaling, for one, does not.</summary>
internal sealed class SpecDrift(Service service)
{
    private readonly Dictionary<long, bool> _byVersion = new() { [service.SpecVersion] = false };

    /// <summary>A job's tasks are old when the job was asked for again, whatever its spec.</summary>
    internal bool IsStale(SwarmTask task)
    {
        if (service.Spec.Mode.IsJob())
        {
            return task.JobIteration != service.Job?.Iteration;
        }

        if (!_byVersion.TryGetValue(task.SpecVersion, out var stale))
        {
            // Tasks of one version were all made from one spec.
            stale = !Codec.Same(WithoutAuth(task.Spec), WithoutAuth(TaskFactory.SpecOf(service)));
            _byVersion[task.SpecVersion] = stale;
        }

        return stale || (task.SpecVersion != service.SpecVersion && task.Status.State >= TaskState.Pending
            && (!HostPorts.Satisfy(task.Status.HostPorts, HostPorts.Of(service.Spec)) || !NetworkNeeds.SatisfiesIngress(task, service.Spec)));
    }

    /// <summary>New credentials count for the next pull; what runs has its image.</summary>
    private static TaskSpec WithoutAuth(TaskSpec spec) =>
        spec.Container.RegistryAuth.Length == 0 ? spec : spec with { Container = spec.Container with { RegistryAuth = "" } };
}
