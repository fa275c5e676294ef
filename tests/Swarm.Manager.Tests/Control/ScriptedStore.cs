using Swarm.Store;
using Swarm.Store.Consensus;

namespace Swarm.Manager.Tests.Control;

/// <summary>A store whose next commits end as the test says, before they reach the tables.</summary>
internal sealed class ScriptedStore(MemoryStore inner) : IObjectStore
{
    private readonly Queue<CommitStatus> _next = new();

    internal int Commits { get; private set; }

    /// <summary>Runs before each commit: what somebody else does in between.</summary>
    internal Func<Task>? Before { get; set; }

    public StoreView View => inner.View;

    public Leadership Leadership => inner.Leadership;

    internal void Script(params CommitStatus[] statuses) => Array.ForEach(statuses, _next.Enqueue);

    public ValueTask<StoreView> ReadAsync(CancellationToken cancellation) => inner.ReadAsync(cancellation);

    public async Task<CommitResult> CommitAsync(StoreTransaction transaction, CancellationToken cancellation)
    {
        Commits++;
        if (Before is { } before)
        {
            await before();
        }

        return _next.TryDequeue(out var status) ? new CommitResult(status, 0, null) : await inner.CommitAsync(transaction, cancellation);
    }

    public Task<IReadOnlyList<ConsensusMember>> MembersAsync(CancellationToken cancellation) => inner.MembersAsync(cancellation);

    public StoreWatch Watch() => inner.Watch();

    public IAsyncEnumerable<Leadership> WatchLeadershipAsync(CancellationToken cancellation) => inner.WatchLeadershipAsync(cancellation);
}
