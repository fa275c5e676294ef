using Swarm.Manager.Orchestration;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Dependencies;

/// <summary>
/// Whether tasks of a service's present spec may begin, by what the service depends on (<see cref="DependencyLabel"/>). It asks only until the first of
/// them has begun: what broke later is replaced at once, whatever became of the dependency. All that it knows stands in the store.
/// </summary>
internal static class DependencyGate
{
    /// <summary>What they wait for, as a user reads it; null: nothing.</summary>
    internal static string? Reason(StoreView view, Service service)
    {
        if (DependencyLabel.TryParse(service.Spec.Annotations.Labels.GetValueOrDefault(DependencyLabel.Name)) is not { Count: > 0 } dependencies || HasBegun(view, service))
        {
            return null;
        }

        return dependencies.Where(one => !LeadsBack(view, one.Service, service.Spec.Annotations.Name)).Select(one => Lacks(view, one)).FirstOrDefault(reason => reason is not null);
    }

    private static bool HasBegun(StoreView view, Service service)
    {
        var drift = new SpecDrift(service);
        return view.TasksOfService(service.Id).Any(task => task.Status.State >= TaskState.Assigned && !drift.IsStale(task));
    }

    private static string? Lacks(StoreView view, ServiceDependency dependency)
    {
        if (view.Services.FindByName(dependency.Service) is not { } service)
        {
            return dependency.IsOptional ? null : $"waiting for service {dependency.Service}, which is not there";
        }

        var drift = new SpecDrift(service);
        var present = view.TasksOfService(service.Id).Where(task => !drift.IsStale(task)).ToList();
        return dependency.Condition switch
        {
            DependencyCondition.Started => present.Exists(task => task.Status.State is TaskState.Starting or TaskState.Running or TaskState.Complete)
                ? null : $"waiting for service {dependency.Service} to start",
            DependencyCondition.Healthy => present.Exists(task => task is { Status.State: TaskState.Running, DesiredState: TaskState.Running })
                ? null : $"waiting for service {dependency.Service} to be healthy",
            _ => HasCompleted(service, present) ? null : $"waiting for service {dependency.Service} to complete",
        };
    }

    private static bool HasCompleted(Service service, List<SwarmTask> present)
    {
        var complete = present.Where(task => task.Status.State == TaskState.Complete).Select(task => SlotKey.Of(task, service.Spec.Mode)).ToHashSet();
        return service.Spec.Mode switch
        {
            ServiceMode.Replicated => (ulong)complete.Count >= service.Spec.Replicas,
            ServiceMode.ReplicatedJob => (ulong)complete.Count >= service.Spec.TotalCompletions,
            _ => complete.Count > 0 && present.Where(task => task.DesiredState <= TaskState.Running).All(task => complete.Contains(SlotKey.Of(task, service.Spec.Mode))),
        };
    }

    /// <summary>Services that wait for one another would wait for ever: nobody in such a circle does.</summary>
    private static bool LeadsBack(StoreView view, string from, string to)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>([from]);
        while (open.TryPop(out var name))
        {
            if (name == to)
            {
                return true;
            }

            if (seen.Add(name) && view.Services.FindByName(name) is { } service)
            {
                foreach (var next in DependencyLabel.TryParse(service.Spec.Annotations.Labels.GetValueOrDefault(DependencyLabel.Name)) ?? [])
                {
                    open.Push(next.Service);
                }
            }
        }

        return false;
    }
}
