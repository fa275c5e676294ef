using Swarm.Manager.Loops;
using Swarm.Model;

namespace Swarm.Manager.Restart;

/// <summary>
/// Whether and when a task that ended by itself is replaced. Decided from the slot's history alone, so that a new leader decides the same:
/// the reaper keeps as much history as the policy counts.
/// </summary>
internal static class RestartRules
{
    /// <summary>Docker's default. It applies only to tasks that ended by themselves, not to those whose node died or was drained.</summary>
    internal static readonly TimeSpan DefaultDelay = TimeSpan.FromSeconds(5);

    /// <summary>First wait after a node rejected a task, where the policy's own delay is shorter: the same again at once would be rejected again.</summary>
    private static readonly TimeSpan RejectionDelay = TimeSpan.FromSeconds(1);

    /// <summary>The wait doubles with each rejection in a row, so often at most.</summary>
    private const int MaxDoublings = 5;

    /// <summary>How long a replacement waits, counted from its creation.</summary>
    /// <param name="slot">The slot's tasks before it, oldest first.</param>
    internal static TimeSpan DelayAfter(RestartPolicy policy, IEnumerable<SwarmTask> slot)
    {
        var delay = policy.Delay ?? DefaultDelay;
        var rejections = slot.Reverse().TakeWhile(task => task.Status.State == TaskState.Rejected).Count();
        return rejections == 0 ? delay : (delay > RejectionDelay ? delay : RejectionDelay) * (1 << Math.Min(rejections - 1, MaxDoublings));
    }

    /// <param name="ended">A task that ended by itself.</param>
    /// <param name="slot">All tasks of its slot.</param>
    internal static bool Allows(RestartPolicy policy, SwarmTask ended, IEnumerable<SwarmTask> slot)
    {
        if (policy.Condition == RestartCondition.None || (policy.Condition == RestartCondition.OnFailure && ended.Status.State == TaskState.Complete))
        {
            return false;
        }

        if (policy.MaxAttempts == 0)
        {
            return true;
        }

        // Each ended task but the first was a restart; the one that is asked for comes on top.
        var ends = slot.Count(task => task.SpecVersion == ended.SpecVersion && NodeHealth.EndedByItself(task) && InWindow(policy, task, ended));
        return (ulong)ends <= policy.MaxAttempts;
    }

    private static bool InWindow(RestartPolicy policy, SwarmTask task, SwarmTask ended) =>
        policy.Window <= TimeSpan.Zero || task.Status.Timestamp > ended.Status.Timestamp - policy.Window;
}
