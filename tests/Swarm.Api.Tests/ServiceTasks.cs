using Swarm.Model;

namespace Swarm.Api.Tests;

public static class ServiceTasks
{
    public static SwarmTask Running(Service service, ulong slot, string nodeId)
    {
        var id = $"{service.Id[..20]}{slot:00000}";
        return new SwarmTask
        {
            Id = id,
            ServiceId = service.Id,
            ServiceName = service.Spec.Annotations.Name,
            ServiceLabels = service.Spec.Annotations.Labels,
            Name = $"{service.Spec.Annotations.Name}.{slot}.{id}",
            Slot = slot,
            NodeId = nodeId,
            Spec = service.Spec.Task,
            SpecVersion = service.SpecVersion,
            DesiredState = TaskState.Running,
            Status = new Model.TaskStatus { State = TaskState.Running, Timestamp = DateTimeOffset.UnixEpoch, Message = "started" },
        };
    }
}
