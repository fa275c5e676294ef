using Swarm.Model;
using TaskStatus = Swarm.Model.TaskStatus;

namespace Swarm.Manager.Orchestration;

/// <summary>Makes the tasks of services.</summary>
internal sealed class TaskFactory(Random random)
{
    internal SwarmTask New(Service service, SlotKey slot, TaskState desired, DateTimeOffset now)
    {
        string id;
        lock (random)
        {
            id = Ids.New(random);
        }

        var place = service.Spec.Mode.IsPerNode() ? slot.NodeId : slot.Number.ToString();
        return new SwarmTask
        {
            Id = id,
            ServiceId = service.Id,
            ServiceName = service.Spec.Annotations.Name,
            ServiceLabels = service.Spec.Annotations.Labels,
            Slot = slot.Number,
            NodeId = slot.NodeId,
            Name = $"{service.Spec.Annotations.Name}.{place}.{id}",
            Spec = SpecOf(service),
            SpecVersion = service.SpecVersion,
            DesiredState = desired,
            JobIteration = service.Job?.Iteration,
            Status = new TaskStatus { State = TaskState.New, Timestamp = now, Message = "created" },
        };
    }

    /// <summary>The networks may stand in the service or in its task template; the task has them all.</summary>
    internal static TaskSpec SpecOf(Service service) =>
        service.Spec.Networks.IsDefaultOrEmpty || !service.Spec.Task.Networks.IsDefaultOrEmpty
            ? service.Spec.Task
            : service.Spec.Task with { Networks = service.Spec.Networks };
}
