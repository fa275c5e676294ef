using Swarm.Manager.Restart;
using Swarm.Model;
using Swarm.Manager.Loops;

namespace Swarm.Manager.Orchestration;

/// <summary>As many slots as the service has replicas.</summary>
internal static class ReplicatedSlots
{
    internal static void Apply(ServicePass pass)
    {
        var wanted = pass.Service.Spec.Replicas;
        var occupied = pass.Slots.Values.Where(slot => slot.Live.Count > 0 || IsExhausted(pass, slot)).ToList();
        if ((ulong)occupied.Count > wanted)
        {
            foreach (var slot in LeastWanted(pass, occupied).Take(occupied.Count - (int)wanted))
            {
                pass.Remove(slot);
                occupied.Remove(slot);
            }
        }

        pass.Kept.AddRange(occupied);
        Fill(pass, occupied, wanted);
    }

    /// <summary>Its task ended, and the restart policy wants no other: the slot stays as it is until the spec changes.</summary>
    private static bool IsExhausted(ServicePass pass, Slot slot) =>
        slot.Live.Count == 0 && NodeHealth.EndedByItself(slot.Newest) && !pass.HasDrifted(slot.Newest)
        && !RestartRules.Allows(pass.Service.Spec.Task.Restart, slot.Newest, slot.Tasks);

    /// <summary>Those that do not run go first, then those on the most crowded nodes, then the newest.</summary>
    private static IEnumerable<Slot> LeastWanted(ServicePass pass, List<Slot> occupied)
    {
        var onNode = new Dictionary<string, int>(StringComparer.Ordinal);
        return occupied
            .Select(slot =>
            {
                var node = slot.Live.FirstOrDefault(task => task.Status.State == TaskState.Running)?.NodeId;
                var crowd = node is null ? 0 : onNode[node] = onNode.GetValueOrDefault(node) + 1;
                return (Slot: slot, Runs: node is not null, Crowd: crowd);
            })
            .OrderBy(one => one.Runs)
            .ThenByDescending(one => one.Crowd)
            .ThenByDescending(one => one.Slot.Key)
            .Select(one => one.Slot);
    }

    private static void Fill(ServicePass pass, List<Slot> occupied, ulong wanted)
    {
        var missing = wanted - Math.Min(wanted, (ulong)occupied.Count);
        if (missing == 0)
        {
            return;
        }

        // A slot whose task is still being removed is not given out: two tasks would run in it.
        var taken = pass.View.TasksOfService(pass.Service.Id)
            .Where(task => task.DesiredState == TaskState.Remove || task.DesiredState <= TaskState.Running || !pass.IsStopped(task))
            .Select(task => task.Slot)
            .Concat(occupied.Select(slot => slot.Key.Number))
            .ToHashSet();
        for (ulong number = 1; missing > 0 && pass.Batch.HasRoom(1); number++)
        {
            if (!taken.Contains(number))
            {
                pass.Start(new SlotKey(number, ""), TaskState.Running);
                missing--;
            }
        }
    }
}
