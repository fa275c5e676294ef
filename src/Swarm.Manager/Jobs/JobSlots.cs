using Swarm.Manager.Loops;
using Swarm.Manager.Orchestration;
using Swarm.Manager.Restart;
using Swarm.Model;

namespace Swarm.Manager.Jobs;

/// <summary>
/// What both kinds of jobs do with their slots: one completion each, and then nothing more. That a slot is complete stands in the store, so that a new
/// leader does not run it again; a task that completed on a node that was taken for lost counts, and what replaced it is ended.
/// </summary>
internal static class JobSlots
{
    /// <summary>Slots of the present iteration by how far they are. Those of earlier ones are ended.</summary>
    internal static JobProgress Sort(ServicePass pass)
    {
        var progress = new JobProgress([], [], []);
        foreach (var slot in pass.Slots.Values)
        {
            EndEarlier(pass, slot);
            var present = slot.Tasks.Where(task => !pass.IsStale(task)).ToList();
            if (present.Count == 0)
            {
                continue;
            }

            if (present.Exists(task => task.Status.State == TaskState.Complete))
            {
                progress.Complete.Add(slot.Key);
                EndOthers(pass, present);
            }
            else if (present.Exists(task => task.DesiredState <= TaskState.Running) && !IsExhausted(pass, slot, present))
            {
                progress.Active.Add(slot);
            }
            else if (IsExhausted(pass, slot, present))
            {
                progress.Failed.Add(slot.Key);
                EndOthers(pass, present);
            }
        }

        return progress;
    }

    /// <summary>A new task in a slot, which waits for what still runs there.</summary>
    internal static void Start(ServicePass pass, SlotKey key) =>
        pass.Start(key, pass.Slots.TryGetValue(key, out var slot) && !slot.Tasks.All(pass.IsStopped) ? TaskState.Ready : TaskState.Running);

    /// <summary>Its last task failed, and the restart policy wants no other: the slot stays as it is until the job is asked for again.</summary>
    private static bool IsExhausted(ServicePass pass, Slot slot, List<SwarmTask> present) =>
        present.TrueForAll(task => task.Status.State.IsTerminal()) && NodeHealth.EndedByItself(present[^1])
        && !RestartRules.Allows(pass.Service.Spec.Task.Restart, present[^1], slot.Tasks);

    /// <summary>They become history; those that still run are waited for before their slots start anew.</summary>
    private static void EndEarlier(ServicePass pass, Slot slot)
    {
        foreach (var task in slot.Tasks.Where(task => pass.IsStale(task) && task.DesiredState <= TaskState.Running))
        {
            pass.Desire(task, TaskState.Shutdown);
        }
    }

    private static void EndOthers(ServicePass pass, List<SwarmTask> present)
    {
        foreach (var task in present.Where(task => task.Status.State != TaskState.Complete && task.DesiredState <= TaskState.Running))
        {
            pass.Desire(task, TaskState.Shutdown);
        }
    }
}

/// <param name="Active">With a task that runs, or waits to.</param>
/// <param name="Failed">Not tried any more.</param>
internal sealed record JobProgress(List<SlotKey> Complete, List<Slot> Active, List<SlotKey> Failed);
