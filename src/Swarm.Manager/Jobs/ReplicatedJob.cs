using Swarm.Manager.Orchestration;
using Swarm.Model;

namespace Swarm.Manager.Jobs;

/// <summary>As many slots as completions are wanted, so many at a time. <see cref="ServiceSpec.Replicas"/> is how many at a time.</summary>
internal static class ReplicatedJob
{
    internal static void Apply(ServicePass pass)
    {
        var (total, atOnce) = (pass.Service.Spec.TotalCompletions, pass.Service.Spec.Replicas);
        var progress = JobSlots.Sort(pass);
        foreach (var surplus in progress.Active.Where(slot => slot.Key.Number > total).ToList())
        {
            pass.Remove(surplus);
            progress.Active.Remove(surplus);
        }

        pass.Kept.AddRange(progress.Active);
        var taken = progress.Active.Select(slot => slot.Key).Concat(progress.Complete).Concat(progress.Failed).Select(key => key.Number).ToHashSet();
        var active = (ulong)progress.Active.Count;
        for (ulong number = 1; number <= total && active < atOnce && pass.Batch.HasRoom(1); number++)
        {
            if (!taken.Contains(number))
            {
                JobSlots.Start(pass, new SlotKey(number, ""));
                active++;
            }
        }
    }
}
