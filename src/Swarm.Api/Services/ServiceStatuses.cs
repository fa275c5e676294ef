using Swarm.Model;
using Swarm.Store;

namespace Swarm.Api.Services;

/// <summary>How many of a service's tasks run, and how many should: the REPLICAS of `docker service ls`.</summary>
internal static class ServiceStatuses
{
    internal static Wire.ServiceStatus Count(StoreView view, Service service)
    {
        ulong running = 0, desired = 0, completed = 0;
        foreach (var task in view.TasksOfService(service.Id))
        {
            if (task.DesiredState == TaskState.Running)
            {
                desired++;
            }

            if (task.Status.State == TaskState.Complete)
            {
                completed++;
            }

            // What was last heard of a node that is down says nothing about what runs.
            if (task.Status.State == TaskState.Running && view.Nodes.Find(task.NodeId)?.Status.State != NodeState.Down)
            {
                running++;
            }
        }

        return new Wire.ServiceStatus
        {
            RunningTasks = running,
            DesiredTasks = service.Spec.Mode is ServiceMode.Replicated ? service.Spec.Replicas : desired,
            CompletedTasks = completed,
        };
    }
}
