using Swarm.Lab;
using Swarm.Lab.Disks;
using Swarm.Lab.Nodes;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Chaos.Running;

/// <summary>The end of all faults: every cable whole, every node on, whatever the faults' own undoing has left.</summary>
internal static class Mending
{
    /// <summary>A node whose daemon does not start is tried so often; then the convergence says what is missing.</summary>
    private const int MaxStarts = 3;

    public static async Task MendAsync(ClusterAccess cluster, Action<string> say, CancellationToken cancellation)
    {
        await PowerAsync(cluster, say, cancellation);
        foreach (var node in cluster.Managers)
        {
            try
            {
                await RoleAsync(new Membership(cluster), node, cancellation);
            }
            catch (Exception e) when (e is TimeoutException || (ClusterAccess.IsNoAnswer(e) && !cancellation.IsCancellationRequested))
            {
                say($"mending of {node} given up: {e.Message}");
            }
        }
    }

    /// <summary>A membership fault that failed half way has left a worker, or a node in no swarm.</summary>
    private static async Task RoleAsync(Membership membership, string node, CancellationToken cancellation)
    {
        var self = await membership.AskSelfAsync(node, cancellation);
        if (self.LocalNodeState == "inactive")
        {
            await membership.LoadImageAsync(node, cancellation);
            await membership.JoinAsync(node, cancellation);
            self = await membership.AskSelfAsync(node, cancellation);
        }

        foreach (var one in (await membership.NodesAsync(cancellation)).Where(n => n.Description?.Hostname == node))
        {
            await (one.ID == self.NodeID
                ? membership.SetRoleAsync(one.ID, "manager", cancellation)
                : membership.ForgetAsync(one.ID, cancellation, node));
        }
    }

    private static async Task PowerAsync(ClusterAccess cluster, Action<string> say, CancellationToken cancellation)
    {
        var lab = cluster.Lab;
        await lab.HealAsync(cancellation);
        for (var attempt = 1; ; attempt++)
        {
            await lab.ResumeAsync([.. cluster.Nodes.Where(n => lab.Condition(n) == NodeCondition.Paused)], cancellation);
            foreach (var full in cluster.Nodes.Where(n => lab.Disk(n) == DiskState.Full))
            {
                await lab.FreeDiskAsync(full, cancellation);
            }

            var off = cluster.Nodes.Where(n => lab.Condition(n) != NodeCondition.Running || lab.Disk(n) == DiskState.Broken).ToList();
            if (off.Count == 0)
            {
                return;
            }

            try
            {
                await lab.RestartAsync(off, cancellation);
                return;
            }
            catch (LabException e) when (attempt < MaxStarts)
            {
                say("mending: " + e.Message);
            }
            catch (LabException e)
            {
                say("mending given up: " + e.Message);
                return;
            }
        }
    }
}
