using Swarm.Model;
using Swarm.Simulation.World;
using Swarm.Store;

namespace Swarm.Simulation.Checks;

/// <summary>Law 10: an update takes no more slots down at once than its parallelism, and a rollback restores the exact earlier spec.</summary>
internal sealed class RolloutLaws(SimulatedCluster world)
{
    /// <summary>What happened so shortly before a decision was committed, whoever decided may not have seen.</summary>
    private static readonly TimeSpan Unseen = TimeSpan.FromSeconds(1);

    private static readonly UpdateConfig Default = new() { Parallelism = 1 };

    internal IEnumerable<string> OnCommit(StoreCommit commit)
    {
        foreach (var (old, now) in commit.Changes.Select(change => (change.Old as Service, change.New as Service)))
        {
            if (now?.UpdateStatus?.State == UpdateState.RollbackStarted && old is not null && old.UpdateStatus?.State != UpdateState.RollbackStarted
                && (old.PreviousSpec is null || !Codec.Same(now.Spec, old.PreviousSpec)))
            {
                yield return $"service {now.Id} is rolled back to another spec than the one before";
            }
        }

        var taken = commit.Changes.Where(change => IsTakenDown(commit.View, change.Old as SwarmTask, change.New as SwarmTask)).Select(change => (SwarmTask)change.New!);
        foreach (var service in taken.GroupBy(task => task.ServiceId).Select(tasks => commit.View.Services.Find(tasks.Key)!))
        {
            var down = commit.View.TasksOfService(service.Id).Where(task => task.DesiredState != TaskState.Remove).GroupBy(task => task.Slot)
                .Where(slot => IsDown(commit.View, service, [.. slot])).Select(slot => slot.Key).ToList();
            if ((ulong)down.Count > ConfigOf(service).Parallelism)
            {
                yield return $"the update of {service.Spec.Annotations.Name} has taken down {down.Count} slots at once ({string.Join(' ', down)}), {ConfigOf(service).Parallelism} allowed";
            }
        }
    }

    /// <summary>It ran well where it was, and is to stop so that another may take its place.</summary>
    private static bool IsTakenDown(StoreView view, SwarmTask? old, SwarmTask? now) =>
        old is { DesiredState: <= TaskState.Running, Status.State: TaskState.Running, JobIteration: null, IsLeaving: false, Slot: > 0 }
        && now?.DesiredState == TaskState.Shutdown && IsFit(view, now)
        && view.Services.Find(now.ServiceId) is { UpdateStatus.State: UpdateState.Updating or UpdateState.RollbackStarted } service
        && ConfigOf(service) is { Order: UpdateOrder.StopFirst, Parallelism: > 0 } && !Codec.Same(old.Spec, service.Spec.Task);

    /// <summary>Nothing of it runs, and it is the update that would have it so: neither a failure, nor a node, nor that it is new.</summary>
    private bool IsDown(StoreView view, Service service, List<SwarmTask> slot)
    {
        var now = world.Time.GetUtcNow();
        return !slot.Exists(task => task is { DesiredState: <= TaskState.Running, Status.State: TaskState.Running })
            && !slot.Exists(task => task.Status.State is TaskState.Failed or TaskState.Rejected or TaskState.Complete or TaskState.Orphaned
                && (task.Meta.CreatedAt >= service.UpdateStatus!.StartedAt || task.Meta.UpdatedAt + Unseen > now))
            && slot.TrueForAll(task => task.Status.State.IsTerminal() || IsFit(view, task))
            && (slot.Count > 1 || slot[0].Meta.CreatedAt + Unseen <= now);
    }

    private static bool IsFit(StoreView view, SwarmTask task) =>
        task.NodeId.Length == 0 || view.Nodes.Find(task.NodeId) is { Status.State: NodeState.Ready, Spec.Availability: not NodeAvailability.Drain };

    private static UpdateConfig ConfigOf(Service service) =>
        (service.UpdateStatus?.State == UpdateState.RollbackStarted ? service.Spec.Rollback : service.Spec.Update) ?? Default;
}
