using Swarm.Model;
using Swarm.Store;

namespace Swarm.Api.Services;

/// <summary>How many of a service's tasks run, and how many should: the REPLICAS of `docker service ls`.</summary>
internal static class ServiceStatuses
{
    internal static Wire.ServiceStatus Count(StoreView view, Service service)
    {
        ulong running = 0, desired = 0, completed = 0;
        foreach (var task in view.TasksOfService(service.Id).Where(task => task.JobIteration == service.Job?.Iteration))
        {
            if (task.DesiredState == TaskState.Running && task.Status.State != TaskState.Complete)
            {
                desired++;
            }

            // What was last heard of a node that is down says nothing about what runs.
            if (task.Status.State == TaskState.Running && view.Nodes.Find(task.NodeId)?.Status.State != NodeState.Down)
            {
                running++;
            }
        }

        if (service.Spec.Mode.IsJob())
        {
            completed = (ulong)view.TasksOfService(service.Id).Where(task => task.JobIteration == service.Job?.Iteration && task.Status.State == TaskState.Complete)
                .DistinctBy(task => service.Spec.Mode.IsPerNode() ? (0, task.NodeId) : (task.Slot, "")).Count();
        }

        return new Wire.ServiceStatus
        {
            RunningTasks = running,
            DesiredTasks = service.Spec.Mode switch
            {
                ServiceMode.Replicated => service.Spec.Replicas,
                ServiceMode.ReplicatedJob => Math.Min(service.Spec.Replicas, service.Spec.TotalCompletions - Math.Min(completed, service.Spec.TotalCompletions)),
                _ => desired,
            },
            CompletedTasks = completed,
        };
    }
}
