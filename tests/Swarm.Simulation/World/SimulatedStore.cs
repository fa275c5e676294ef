using System.Runtime.CompilerServices;
using Swarm.Store;
using Swarm.Store.Consensus;

namespace Swarm.Simulation.World;

/// <summary>One manager's door to the shared store: commits take time, fail without a leader, and may end in doubt.</summary>
public sealed class SimulatedStore(MemoryStore shared, SimulatedCluster world, int manager) : IObjectStore
{
    public StoreView View => shared.View;

    public Leadership Leadership => new(world.LeaderName, world.Term, world.Leader == manager);

    public ValueTask<StoreView> ReadAsync(CancellationToken cancellation) => new(View);

    public async Task<CommitResult> CommitAsync(StoreTransaction transaction, CancellationToken cancellation)
    {
        var term = world.Term;
        await Task.Delay(TimeSpan.FromMilliseconds(world.Random.Next(1, 6)), world.Time, cancellation);
        if (world.Leader != manager || world.Term != term)
        {
            return new CommitResult(CommitStatus.NoLeader, 0, null);
        }

        var result = await shared.CommitAsync(transaction, cancellation);
        world.OnCommit();
        return result.IsCommitted && world.IsFaulty && world.Random.Next(200) == 0 ? new CommitResult(CommitStatus.Unknown, 0, null) : result;
    }

    public Task<IReadOnlyList<ConsensusMember>> MembersAsync(CancellationToken cancellation) => shared.MembersAsync(cancellation);

    public StoreWatch Watch() => shared.Watch();

    public async IAsyncEnumerable<Leadership> WatchLeadershipAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        while (true)
        {
            var change = world.LeadershipChanged;
            yield return Leadership;
            await change.WaitAsync(cancellation);
        }
    }
}
