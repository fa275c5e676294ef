using Swarm.Manager.Loops;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Allocation;

/// <summary>New -> Pending, once a task holds what it needs of the whole cluster. Today that is the list of its host-mode ports.</summary>
internal sealed class AllocationLoop : ControlLoop
{
    internal override string Name => "allocator";

    protected override void Begin(StoreView view)
    {
        foreach (var task in view.Tasks.Where(IsNew))
        {
            Mark(task.Id);
        }
    }

    internal override void Observe(StoreCommit commit)
    {
        foreach (var change in commit.Changes)
        {
            if (change.New is SwarmTask task && IsNew(task))
            {
                Mark(task.Id);
            }
        }
    }

    protected override void Decide(string key, StoreView view, ChangeBatch batch, DateTimeOffset now)
    {
        if (view.Tasks.Find(key) is not { } task || !IsNew(task) || view.Services.Find(task.ServiceId) is not { } service)
        {
            return;
        }

        var status = task.Status with
        {
            State = TaskState.Pending,
            Timestamp = now,
            Message = "pending task scheduling",
            HostPorts = HostPorts.Of(service.Spec),
        };
        batch.Update(task with { Status = status });
    }

    private static bool IsNew(SwarmTask task) => task.Status.State == TaskState.New && task.DesiredState <= TaskState.Running;
}
