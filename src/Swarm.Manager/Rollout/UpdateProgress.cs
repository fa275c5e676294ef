using Swarm.Manager.Loops;
using Swarm.Manager.Orchestration;
using Swarm.Model;

namespace Swarm.Manager.Rollout;

/// <summary>How far an update is.</summary>
/// <param name="Stale">Slots that have no task of today's spec yet.</param>
/// <param name="InFlight">Slots that count against the parallelism: their new task does not run yet, or runs for less than the delay.</param>
/// <param name="Unfinished">Slots whose new task does not run and has not failed.</param>
/// <param name="Failed">The first new task of each slot that ended by itself since the update began.</param>
/// <param name="LastStarted">When the last new task began to run, by the managers' clock.</param>
internal sealed record UpdateProgress(
    List<Slot> Stale, long InFlight, int Unfinished, List<SwarmTask> Failed, DateTimeOffset LastStarted)
{
    internal static UpdateProgress Of(ServicePass pass, UpdateConfig config)
    {
        var started = pass.Service.UpdateStatus?.StartedAt ?? pass.Now;
        var progress = new UpdateProgress([], 0, 0, [], started);
        foreach (var slot in pass.Kept)
        {
            progress = progress.With(pass, config, slot, started);
        }

        return progress;
    }

    private UpdateProgress With(ServicePass pass, UpdateConfig config, Slot slot, DateTimeOffset started)
    {
        var fresh = slot.Live.LastOrDefault(task => !pass.IsStale(task));
        if (fresh is null)
        {
            if (slot.Live.Any(pass.IsTouched))
            {
                // It was decided on in this same look; what comes of that is seen at the next.
                return this with { InFlight = InFlight + 1, Unfinished = Unfinished + 1 };
            }

            if (slot.Live.Count > 0)
            {
                Stale.Add(slot);
            }

            return this;
        }

        var failure = slot.Tasks.FirstOrDefault(task =>
            !pass.IsStale(task) && task.Meta.CreatedAt >= started && task.Status.State is TaskState.Failed or TaskState.Rejected or TaskState.Complete);
        if (failure is not null)
        {
            Failed.Add(failure);
        }

        if (fresh.Status.State != TaskState.Running)
        {
            return failure is null ? this with { InFlight = InFlight + 1, Unfinished = Unfinished + 1 } : this;
        }

        if (fresh.Meta.CreatedAt < started)
        {
            return this;
        }

        return this with
        {
            InFlight = InFlight + (pass.HasPassed(fresh.Meta.UpdatedAt, config.Delay) ? 0 : 1),
            LastStarted = fresh.Meta.UpdatedAt > LastStarted ? fresh.Meta.UpdatedAt : LastStarted,
        };
    }
}
