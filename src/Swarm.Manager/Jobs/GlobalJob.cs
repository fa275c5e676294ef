using Swarm.Manager.Orchestration;
using Swarm.Model;

namespace Swarm.Manager.Jobs;

/// <summary>One completion on every node that the service's constraints and platforms admit, also on those that join later.</summary>
internal static class GlobalJob
{
    internal static void Apply(ServicePass pass)
    {
        var admits = GlobalSlots.NodesOf(pass);
        var progress = JobSlots.Sort(pass);
        foreach (var slot in progress.Active)
        {
            if (pass.View.Nodes.Find(slot.Key.NodeId) is { } node && admits(node))
            {
                pass.Kept.Add(slot);
                continue;
            }

            foreach (var task in slot.Live)
            {
                pass.Desire(task, TaskState.Shutdown);
            }
        }

        var taken = progress.Active.Select(slot => slot.Key).Concat(progress.Complete).Concat(progress.Failed).ToHashSet();
        foreach (var node in pass.View.Nodes)
        {
            var key = new SlotKey(0, node.Id);
            if (!taken.Contains(key) && admits(node) && GlobalSlots.MayStart(pass, node))
            {
                JobSlots.Start(pass, key);
            }
        }
    }
}
