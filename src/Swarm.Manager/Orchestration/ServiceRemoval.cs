using Swarm.Manager.Loops;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Orchestration;

/// <summary>
/// What is left of a removed service: its tasks are flagged, and go when they have stopped. The record of a service that waits for deletion goes
/// as soon as all its tasks are flagged, which frees its name: the tasks carry all that their end needs, and a new service has another id.
/// </summary>
internal static class ServiceRemoval
{
    internal static void Apply(StoreView view, string serviceId, Service? service, ChangeBatch batch)
    {
        foreach (var task in view.TasksOfService(serviceId))
        {
            if (task.DesiredState != TaskState.Remove && !batch.Update(task with { DesiredState = TaskState.Remove }))
            {
                return;
            }
        }

        if (service is not null)
        {
            batch.Delete(service);
        }
    }
}
