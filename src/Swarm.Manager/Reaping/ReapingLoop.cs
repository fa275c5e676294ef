using Swarm.Manager.Loops;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Reaping;

/// <summary>Deletes tasks that nobody needs any more: removed ones once they have stopped, and history beyond the cluster's limit.</summary>
internal sealed class ReapingLoop : ControlLoop
{
    internal override string Name => "reaper";

    protected override void Begin(StoreView view)
    {
        foreach (var task in view.Tasks)
        {
            Mark(KeyOf(task));
        }
    }

    internal override void Observe(StoreCommit commit)
    {
        foreach (var change in commit.Changes)
        {
            switch (change.Object)
            {
                case SwarmTask { Spec.Attached: not null } place when change.New is not null && place.Status.State.IsTerminal():
                    Mark(place.Id);
                    break;
                case SwarmTask { DesiredState: > TaskState.Running } task when change.New is not null:
                    Mark(task.ServiceId);
                    break;
                case Node node when NodeHealth.MattersToTasks(change.Old as Node, change.New as Node):
                    foreach (var task in commit.View.TasksOnNode(node.Id))
                    {
                        Mark(task.ServiceId);
                    }

                    break;
                case Cluster:
                    Begin(commit.View);
                    break;
            }
        }
    }

    protected override void Decide(string key, StoreView view, ChangeBatch batch, DateTimeOffset now)
    {
        if (view.Tasks.Find(key) is { Spec.Attached: not null } place)
        {
            // Who asked for it has heard how it ended; a node that still uses it says so.
            if (place.Status.State.IsTerminal())
            {
                batch.Delete(place);
            }

            return;
        }

        var ended = view.TasksOfService(key).Where(task => task.DesiredState > TaskState.Running && MayGo(view, task)).ToList();
        foreach (var task in ended.Where(task => task.DesiredState == TaskState.Remove || task.Status.State < TaskState.Assigned))
        {
            batch.Delete(task);
        }

        var service = view.Services.Find(key);
        var mode = service?.Spec.Mode ?? ServiceMode.Replicated;
        var live = view.TasksOfService(key).Where(task => task.DesiredState <= TaskState.Running).Select(SlotOf).ToHashSet();
        var history = ended.Where(task => task.DesiredState != TaskState.Remove && task.Status.State >= TaskState.Assigned && !IsCounted(service, task));
        foreach (var slot in history.GroupBy(SlotOf))
        {
            var kept = Kept(view, slot, live.Contains(slot.Key));
            foreach (var task in slot.OrderByDescending(task => task.Meta.CreatedAt).ThenByDescending(task => task.Id, StringComparer.Ordinal).Skip(kept))
            {
                batch.Delete(task);
            }
        }

        (ulong, string) SlotOf(SwarmTask task) => mode.IsPerNode() ? (0, task.NodeId) : (task.Slot, "");
    }

    /// <summary>The place of a plain container is of no service.</summary>
    private static string KeyOf(SwarmTask task) => task.Spec.Attached is null ? task.ServiceId : task.Id;

    /// <summary>A job's completion that was not expected any more: without it the slot would run once more.</summary>
    private static bool IsCounted(Service? service, SwarmTask task) =>
        service?.Job is { } job && task.JobIteration == job.Iteration && task.Status.State == TaskState.Complete;

    /// <summary>
    /// Nothing of it runs, or its node is lost. A lost node that returns is told everything that it should have, and removes what is not named.
    /// </summary>
    private static bool MayGo(StoreView view, SwarmTask task) =>
        task.DesiredState == TaskState.Remove
            ? NodeHealth.IsStopped(view, task)
            : task.Status.State.IsTerminal() || task.Status.State < TaskState.Assigned || view.Nodes.Find(task.NodeId) is null;

    /// <summary>The restart policy counts what it finds in the history, and a slot that runs nothing shows at least why.</summary>
    private static int Kept(StoreView view, IEnumerable<SwarmTask> slot, bool isLive)
    {
        var limit = view.Cluster?.Spec.TaskHistoryRetentionLimit ?? new ClusterSpec().TaskHistoryRetentionLimit;
        if (limit < 0)
        {
            return int.MaxValue;
        }

        var attempts = slot.Max(task => task.Spec.Restart.MaxAttempts);
        var counted = attempts == 0 ? 0 : (long)Math.Min(attempts, MaxCountedAttempts) + 1;
        return (int)Math.Min(int.MaxValue, Math.Max(Math.Max(limit, counted), isLive ? 0 : 1));
    }

    /// <summary>History kept for counting alone; a policy that allows more attempts than this is never exhausted by a longer history.</summary>
    private const ulong MaxCountedAttempts = 1000;
}
