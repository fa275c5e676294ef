using Swarm.Chaos.Checkers;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Chaos.Running;

/// <summary>Looks at all managers' stores until they stand at one index.</summary>
internal static class ReplicaComparison
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    /// <summary>A digest may be of an entry that is half applied; a difference that stays is one.</summary>
    private const int LooksAtDifference = 10;

    public static async Task<IReadOnlyList<ReplicaDigest>> LookAsync(ClusterAccess cluster, CancellationToken cancellation)
    {
        var start = cluster.Time.GetTimestamp();
        var different = 0;
        while (true)
        {
            var seen = (await cluster.ReplicasAsync(digest: true, cancellation)).Select(r => new ReplicaDigest(r.Node, r.State.AppliedIndex, r.State.Digest ?? "")).ToList();
            var together = seen.Count == cluster.Managers.Count && seen.DistinctBy(r => r.AppliedIndex).Count() == 1;
            different += together && seen.DistinctBy(r => r.Digest).Count() > 1 ? 1 : 0;
            if ((together && seen.DistinctBy(r => r.Digest).Count() == 1) || different >= LooksAtDifference || cluster.Time.GetElapsedTime(start) > Limit)
            {
                return seen;
            }

            await Task.Delay(LookAgain, cluster.Time, cancellation);
        }
    }
}
