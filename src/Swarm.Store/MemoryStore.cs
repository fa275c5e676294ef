using System.Runtime.CompilerServices;
using Swarm.Model;
using Swarm.Store.Consensus;

namespace Swarm.Store;

/// <summary>A store of one process that always leads: what the control loops' tests and the simulator run on.</summary>
public sealed class MemoryStore(TimeProvider time) : IObjectStore
{
    private readonly ObjectTables _tables = new();
    private readonly Lock _commit = new();

    public StoreView View => _tables.View;

    public Leadership Leadership { get; } = new("self", 1, true);

    public ValueTask<StoreView> ReadAsync(CancellationToken cancellation) => new(View);

    public Task<CommitResult> CommitAsync(StoreTransaction transaction, CancellationToken cancellation)
    {
        if (transaction.Count > StoreTransaction.MaxChanges)
        {
            return Task.FromResult(new CommitResult(CommitStatus.TooLarge, 0, null));
        }

        lock (_commit)
        {
            return Task.FromResult(_tables.Apply(View.Index + 1, time.GetUtcNow(), transaction.Changes));
        }
    }

    /// <summary>The managers by their records; those who are ready can be reached.</summary>
    public Task<IReadOnlyList<ConsensusMember>> MembersAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<ConsensusMember>>(
        [.. View.Nodes.Where(node => node.Manager is not null).Select(node => new ConsensusMember(node.Id, true, node.Status.State == NodeState.Ready))]);

    public StoreWatch Watch() => _tables.Watch();

    public async IAsyncEnumerable<Leadership> WatchLeadershipAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        yield return Leadership;
        await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellation).ConfigureAwait(false);
    }
}
