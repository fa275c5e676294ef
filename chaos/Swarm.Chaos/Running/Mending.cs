using Swarm.Lab;
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
        var lab = cluster.Lab;
        await lab.HealAsync(cancellation);
        for (var attempt = 1; ; attempt++)
        {
            await lab.ResumeAsync([.. cluster.Nodes.Where(n => lab.Condition(n) == NodeCondition.Paused)], cancellation);
            var off = cluster.Nodes.Where(n => lab.Condition(n) != NodeCondition.Running).ToList();
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
