using Swarm.Store.Consensus;
using Swarm.Store.Replication;

namespace Swarm.Store.Tests;

/// <summary>Some managers' stores on one of the two consensus implementations, with the faults that the contract speaks of.</summary>
internal abstract class TestCluster : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    /// <summary>Every node started so far and not stopped.</summary>
    internal abstract IReadOnlyDictionary<string, ReplicatedStore> Up { get; }

    internal ReplicatedStore this[string id] => Up[id];

    /// <summary>Starts a node that waits to be added.</summary>
    internal abstract Task StartEmptyAsync(string id);

    /// <summary>Ends a node without goodbye; its disk stays.</summary>
    internal abstract Task StopAsync(string id);

    internal abstract Task RestartAsync(string id);

    /// <summary>Nobody hears the node, and it hears nobody.</summary>
    internal abstract void Isolate(string id);

    internal abstract void Heal();

    /// <summary>Lets a little time pass: real or virtual.</summary>
    protected abstract Task StepAsync();

    public abstract ValueTask DisposeAsync();

    internal async Task Until(Func<bool> condition, Func<string>? saw = null)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (!condition())
        {
            if (deadline.IsCancellationRequested)
            {
                Assert.Fail($"not in {Patience.TotalSeconds} s; saw {(saw ?? Describe)()}");
            }

            await StepAsync();
        }
    }

    internal async Task<T> Run<T>(Task<T> task)
    {
        await Until(() => task.IsCompleted);
        return await task;
    }

    internal async Task Run(Task task)
    {
        await Until(() => task.IsCompleted);
        await task;
    }

    /// <summary>The one node that leads, once there is one among those not excluded.</summary>
    internal async Task<string> LeaderAsync(params string[] except)
    {
        string? leader = null;
        await Until(() => (leader = Up.Where(node => !except.Contains(node.Key) && node.Value.Leadership.IsLeader)
            .OrderByDescending(node => node.Value.Leadership.Term).FirstOrDefault().Key) is not null);
        return leader!;
    }

    /// <summary>Grows the cluster to the given nodes, the first of which founded it.</summary>
    internal async Task GrowAsync(params string[] ids)
    {
        foreach (var id in ids)
        {
            await StartEmptyAsync(id);
            Assert.True(await AddAsync(id), $"{id} could not be added");
        }

        await Until(() => Up.Values.All(store => store.Consensus.Members.Count == Up.Count && store.Leadership.LeaderId is not null));
    }

    /// <summary>On a busy machine the leader may be another by the time that it is asked.</summary>
    private async Task<bool> AddAsync(string id)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await Run(Up[await LeaderAsync()].Consensus.AddMemberAsync(id, CancellationToken.None));
            }
            catch (NotLeadingException) when (attempt < 10)
            {
                // Whoever leads now is asked.
            }
        }
    }

    private string Describe() => string.Join("; ", Up.Select(node =>
        $"{node.Key}: {node.Value.Leadership}, index {node.Value.View.Index}, members {string.Join(',', node.Value.Consensus.Members.Select(m => m.NodeId))}"));
}
