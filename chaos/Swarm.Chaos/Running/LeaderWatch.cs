using System.Collections.Concurrent;
using Swarm.Chaos.Checkers;
using Swarm.Chaos.Histories;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Chaos.Running;

/// <summary>Asks every manager again and again what it believes of itself: a second witness beside the logs, which go with a wiped disk.</summary>
internal sealed class LeaderWatch(ClusterAccess cluster, HistoryRecorder history)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private readonly ConcurrentDictionary<(long Term, string Leader), LeaderClaim> _first = new();

    public IReadOnlyList<LeaderClaim> Claims => [.. _first.Values];

    /// <summary>Until cancelled.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                foreach (var (node, state) in (await cluster.ReplicasAsync(digest: false, stop)).Where(r => r.State.IsLeader))
                {
                    _first.TryAdd((state.Term, state.NodeID), new LeaderClaim(state.Term, state.NodeID, node, history.Now, Ready: true));
                }

                await Task.Delay(Interval, cluster.Time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The end that was asked for.
        }
    }
}
