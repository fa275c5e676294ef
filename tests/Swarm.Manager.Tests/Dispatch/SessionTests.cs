using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Swarm.Manager.Dispatch;
using Swarm.Model;
using Swarm.Rpc;
using Swarm.Rpc.Dispatch;
using Swarm.Security;
using Swarm.Store;
using Swarm.Store.Consensus;

namespace Swarm.Manager.Tests.Dispatch;

public sealed class SessionTests
{
    private static readonly SessionRequest Request = new() { Address = "10.0.0.1:2377", HasNetworks = true, Description = new NodeDescription { Hostname = "n1" } };
    private static readonly NodeIdentity Caller = new("n1", NodeRole.Worker, "cluster");

    /// <summary>
    /// Of a node that is known as it is nothing is written, so nothing would show that another manager leads meanwhile; and its pictures are those of before.
    /// </summary>
    [Fact]
    public async Task A_manager_that_nobody_confirms_tells_nothing_to_a_node_that_comes_back()
    {
        using var end = new CancellationTokenSource();
        var store = new DeposedStore(new MemoryStore(new FakeTimeProvider()));
        await store.CommitAsync(new StoreTransaction().Create(new Cluster { Id = "cluster" }).Create(new Node { Id = "n1" }), end.Token);
        var dispatcher = new Dispatcher(store, new FakeTimeProvider(), new Random(1), NullLoggerFactory.Instance);
        var leading = dispatcher.LeadAsync(end.Token);
        await using (var first = dispatcher.SessionAsync(Caller, Request, end.Token).GetAsyncEnumerator(end.Token))
        {
            Assert.True(await first.MoveNextAsync());
            Assert.True(first.Current.Assignments!.Complete);
            store.IsDeposed = true;
            await using var second = dispatcher.SessionAsync(Caller, Request, end.Token).GetAsyncEnumerator(end.Token);
            var refusal = await Assert.ThrowsAsync<RpcFault>(async () => await second.MoveNextAsync());
            Assert.Equal(RpcStatus.NotLeader, refusal.Status);
        }

        await end.CancelAsync();
        await leading;
    }

    /// <summary>It believes that it leads, and no majority says so.</summary>
    private sealed class DeposedStore(MemoryStore inner) : IObjectStore
    {
        public bool IsDeposed { get; set; }

        public StoreView View => inner.View;

        public Leadership Leadership => inner.Leadership;

        public ValueTask<StoreView> ReadAsync(CancellationToken cancellation) => IsDeposed ? throw new NoLeaderException() : inner.ReadAsync(cancellation);

        public Task<CommitResult> CommitAsync(StoreTransaction transaction, CancellationToken cancellation) =>
            IsDeposed ? Task.FromResult(new CommitResult(CommitStatus.NoLeader, 0, null)) : inner.CommitAsync(transaction, cancellation);

        public Task<IReadOnlyList<ConsensusMember>> MembersAsync(CancellationToken cancellation) => inner.MembersAsync(cancellation);

        public StoreWatch Watch() => inner.Watch();

        public IAsyncEnumerable<Leadership> WatchLeadershipAsync(CancellationToken cancellation) => inner.WatchLeadershipAsync(cancellation);
    }
}
