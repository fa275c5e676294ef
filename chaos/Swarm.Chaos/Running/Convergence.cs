using Swarm.Api.Wire;
using Swarm.Chaos.Checkers;
using Swarm.Chaos.Histories;
using Swarm.Lab.Nodes;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Chaos.Running;

/// <summary>Once all faults are over the cluster must become whole by itself: one leader that all follow, every node ready, every manager reading.</summary>
internal sealed class Convergence(ClusterAccess cluster, HistoryRecorder history)
{
    public const string Property = "the cluster becomes whole again";
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LookLimit = TimeSpan.FromSeconds(3);

    public async Task<Finding> WaitAsync(TimeSpan limit, CancellationToken cancellation)
    {
        var start = history.Now;
        while (true)
        {
            var missing = await MissingAsync(cancellation);
            var took = history.Now - start;
            if (missing.Count == 0)
            {
                return Finding.Held(Property, $"{took.TotalSeconds:0.0} s after the last fault");
            }

            if (took > limit)
            {
                return Finding.Violated(Property, $"not within {limit.TotalSeconds:0} s", missing);
            }

            await Task.Delay(LookAgain, cluster.Time, cancellation);
        }
    }

    /// <summary>A write from after the faults was acknowledged, and the clients can go home.</summary>
    public async Task<Finding> WaitWritesAsync(TimeSpan since, TimeSpan limit, CancellationToken cancellation)
    {
        const string property = "writes are accepted again";
        var start = history.Now;
        while (true)
        {
            var first = history.Operations().FirstOrDefault(o => o.IsWrite && o.Outcome == Outcome.Ok && o.Invoked >= since);
            if (first is not null)
            {
                return Finding.Held(property, $"{(first.Completed - since).TotalSeconds:0.00} s after the cluster was whole");
            }

            if (history.Now - start > limit)
            {
                return Finding.Violated(property, $"not within {limit.TotalSeconds:0} s", history.Operations().Where(o => o.Invoked >= since).Select(o => $"{o}: {o.Error}"));
            }

            await Task.Delay(LookAgain, cluster.Time, cancellation);
        }
    }

    private async Task<IReadOnlyList<string>> MissingAsync(CancellationToken cancellation)
    {
        var off = cluster.Nodes.Where(n => cluster.Lab.Condition(n) != NodeCondition.Running).Select(n => $"{n} does not run").ToList();
        if (off.Count > 0)
        {
            return off;
        }

        var replicas = await cluster.ReplicasAsync(digest: false, cancellation);
        var missing = cluster.Managers.Except(replicas.Select(r => r.Node)).Select(n => $"{n} does not answer as a manager").ToList();
        if (replicas.Count(r => r.State.IsLeader) != 1 || replicas.DistinctBy(r => (r.State.Term, r.State.LeaderID)).Count() != 1)
        {
            missing.AddRange(replicas.Select(r => $"{r.Node} in term {r.State.Term} sees the leader {(r.State.LeaderID.Length > 0 ? r.State.LeaderID : "nobody")}{(r.State.IsLeader ? ", itself" : "")}"));
        }

        // Through every manager: each read is linearizable, so each has a way to the leader.
        return missing.Count > 0 ? missing : [.. (await Task.WhenAll(cluster.Managers.Select(m => ThroughAsync(m, cancellation)))).SelectMany(m => m)];
    }

    private async Task<IReadOnlyList<string>> ThroughAsync(string manager, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(LookLimit, cluster.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            var nodes = await cluster.Client(manager).NodesAsync(both.Token);
            return [.. cluster.Nodes.Where(name => !nodes.Any(n => n.Description?.Hostname == name && IsWhole(n, cluster.Managers.Contains(name))))
                .Select(name => $"{name} is not ready as {manager} sees it: {Seen(nodes, name)}")];
        }
        catch (Exception e) when (ClusterAccess.IsNoAnswer(e) && !cancellation.IsCancellationRequested)
        {
            return [$"{manager} does not list the nodes: {e.Message}"];
        }
    }

    private static bool IsWhole(Node node, bool manager) =>
        node.Status?.State == "ready" && (manager ? node.ManagerStatus?.Reachability == "reachable" && node.Spec?.Role == "manager" : node.Spec?.Role == "worker");

    private static string Seen(IEnumerable<Node> nodes, string name) =>
        string.Join(", ", nodes.Where(n => n.Description?.Hostname == name)
            .Select(n => $"{n.ID} {n.Spec?.Role} {n.Status?.State} {n.ManagerStatus?.Reachability}").DefaultIfEmpty("not listed"));
}
