using Swarm.Manager.Loops;
using Swarm.Manager.Restart;
using Swarm.Model;

namespace Swarm.Manager.Orchestration;

/// <summary>Keeps one slot alive: replaces what ended or lost its node, lets a waiting task start, ends what is one too many.</summary>
internal static class SlotRules
{
    internal static void Apply(ServicePass pass, Slot slot)
    {
        var going = new List<SwarmTask>();
        foreach (var task in slot.Live)
        {
            if (task.Status.State.IsTerminal())
            {
                Replace(pass, slot, task);
            }
            else if (HasLostItsPlace(pass, task))
            {
                Evacuate(pass, slot, task);
            }
            else
            {
                going.Add(task);
            }
        }

        EndSurplus(pass, going);
        foreach (var task in going)
        {
            if (task.DesiredState == TaskState.Ready)
            {
                LetStart(pass, slot, task);
            }
        }
    }

    private static void Replace(ServicePass pass, Slot slot, SwarmTask ended)
    {
        var policy = pass.Service.Spec.Task.Restart;
        if (HasOther(pass, slot, ended)
            || (NodeHealth.EndedByItself(ended) && !pass.HasDrifted(ended) && !RestartRules.Allows(policy, ended, slot.Tasks)))
        {
            pass.Desire(ended, TaskState.Shutdown);
            return;
        }

        // It was rejected while it still waited for its turn: what replaces it must not come sooner than its turn would have.
        if (ended.DesiredState == TaskState.Ready && NodeHealth.EndedByItself(ended) && !pass.HasDrifted(ended) && !HasWaited(pass, slot, ended))
        {
            return;
        }

        var waits = NodeHealth.EndedByItself(ended) && RestartRules.DelayAfter(policy, slot.Tasks) > TimeSpan.Zero;
        pass.Replace(ended, slot.Key, waits || !OthersStopped(pass, slot, ended) ? TaskState.Ready : TaskState.Running);
    }

    private static void Evacuate(ServicePass pass, Slot slot, SwarmTask task)
    {
        if (HasOther(pass, slot, task))
        {
            pass.Desire(task, TaskState.Shutdown);
            return;
        }

        // A drained node still answers: its task ends before the new one starts. A lost one can not be waited for.
        var stopped = pass.IsStopped(task) && OthersStopped(pass, slot, task);
        pass.Replace(task, slot.Key, stopped ? TaskState.Running : TaskState.Ready);
    }

    private static bool HasLostItsPlace(ServicePass pass, SwarmTask task)
    {
        if (task.NodeId.Length == 0 || pass.Service.Spec.Mode.IsPerNode())
        {
            return false;
        }

        var node = pass.View.Nodes.Find(task.NodeId);
        return NodeHealth.IsLost(node) || NodeHealth.IsDrained(node!);
    }

    private static void EndSurplus(ServicePass pass, List<SwarmTask> going)
    {
        if (going.Count < 2)
        {
            return;
        }

        // During a start-first update the old task goes on until the new one runs; otherwise one task a slot is the law.
        var fresh = going.Where(task => !pass.IsStale(task)).OrderByDescending(task => task.Status.State).ToList();
        var keep = fresh.FirstOrDefault() ?? going.OrderByDescending(task => task.Status.State).First();
        var all = fresh.Count == 0 || keep.Status.State == TaskState.Running;
        foreach (var task in going.ToList())
        {
            if (task != keep && (all || !pass.IsStale(task)))
            {
                pass.Desire(task, TaskState.Shutdown);
                going.Remove(task);
            }
        }
    }

    private static void LetStart(ServicePass pass, Slot slot, SwarmTask waiting)
    {
        if (!slot.Tasks.Where(task => task.DesiredState > TaskState.Running).All(pass.IsStopped))
        {
            return;
        }

        if (HasWaited(pass, slot, waiting))
        {
            pass.Desire(waiting, TaskState.Running);
        }
    }

    /// <summary>Whether the delay after the task before it is over.</summary>
    private static bool HasWaited(ServicePass pass, Slot slot, SwarmTask waiting)
    {
        var before = slot.Tasks.Where(task => task.Id != waiting.Id && task.DesiredState > TaskState.Running).ToList();
        // From the commit that made the replacement, by the managers' clock: nodes' clocks may differ by hours.
        return before.Count == 0 || !NodeHealth.EndedByItself(before[^1])
            || pass.HasPassed(waiting.Meta.CreatedAt, RestartRules.DelayAfter(pass.Service.Spec.Task.Restart, before));
    }

    private static bool HasOther(ServicePass pass, Slot slot, SwarmTask than) =>
        slot.Live.Any(task => task != than && !pass.IsTouched(task) && !task.Status.State.IsTerminal() && !HasLostItsPlace(pass, task));

    private static bool OthersStopped(ServicePass pass, Slot slot, SwarmTask than) => slot.Tasks.All(task => task == than || pass.IsStopped(task));
}
