using Microsoft.Extensions.Time.Testing;
using Swarm.Model;
using Swarm.Store.Consensus;
using Swarm.Store.Consensus.Memory;
using Swarm.Store.Replication;

namespace Swarm.Store.Tests;

/// <summary>Writes whose answer is lost on its way back from the leader.</summary>
public sealed class Settlements
{
    [Fact]
    public async Task A_write_that_committed_though_its_answer_was_lost_is_told_as_committed()
    {
        // Taken out: answer `known` in ReplicatedStore.CommitAsync as it is, and this is Unknown.
        await using var pair = await Pair.StartAsync();
        pair.Loses = true;
        var created = await pair.Run(pair.Follower.CommitAsync(new StoreTransaction().Create(new Node { Id = "n1" }), default));
        Assert.Equal(CommitStatus.Committed, created.Status);
        var node = pair.Follower.View.Nodes.Find("n1")!;
        Assert.Equal(created.Index, node.Meta.Version);
        var updated = await pair.Run(pair.Follower.CommitAsync(new StoreTransaction().Update(node with { Role = NodeRole.Manager }), default));
        Assert.Equal((CommitStatus.Committed, pair.Follower.View.Nodes.Find("n1")!.Meta.Version), (updated.Status, updated.Index));
    }

    [Fact]
    public async Task A_write_that_left_no_trace_stays_unknown()
    {
        await using var pair = await Pair.StartAsync();
        await pair.Run(pair.Follower.CommitAsync(new StoreTransaction().Create(new Node { Id = "n1" }).Create(new Node { Id = "n2" }), default));
        var (first, second) = (pair.Follower.View.Nodes.Find("n1")!, pair.Follower.View.Nodes.Find("n2")!);
        pair.Loses = true;

        // Refused by the leader, for one object moved: the other must not be taken for it.
        await pair.Run(pair.Leader.CommitAsync(new StoreTransaction().Update(second with { Role = NodeRole.Manager }), default));
        var lost = await pair.Run(pair.Follower.CommitAsync(new StoreTransaction().Update(first).Update(second with { Role = NodeRole.Manager }), default));
        Assert.Equal(CommitStatus.Unknown, lost.Status);
        lost = await pair.Run(pair.Follower.CommitAsync(new StoreTransaction().Delete(first), default));
        Assert.Equal(CommitStatus.Unknown, lost.Status);
    }

    private sealed class Pair : IAsyncDisposable
    {
        private readonly FakeTimeProvider _time = new();
        private readonly MemoryCluster _cluster;
        private readonly Dictionary<string, ReplicatedStore> _stores = [];

        private Pair() => _cluster = new MemoryCluster(_time, new Random(1), new MemoryClusterOptions());

        /// <summary>The leader gets and does what a follower passes on, and its answers are lost.</summary>
        internal bool Loses { get; set; }

        internal ReplicatedStore Leader => _stores.Values.Single(store => store.Leadership.IsLeader);

        internal ReplicatedStore Follower => _stores.Values.Single(store => !store.Leadership.IsLeader);

        internal static async Task<Pair> StartAsync()
        {
            var pair = new Pair();
            await pair.StartAsync("a", found: true);
            await pair.StartAsync("b", found: false);
            await pair.Until(() => pair._stores["a"].Leadership.IsLeader);
            Assert.True(await pair.Run(pair._stores["a"].Consensus.AddMemberAsync("b", default)));
            await pair.Until(() => pair._stores.Values.All(store => store.Leadership.LeaderId is not null) && pair._stores.Values.Count(store => store.Leadership.IsLeader) == 1);
            return pair;
        }

        internal async Task<T> Run<T>(Task<T> task)
        {
            await Until(() => task.IsCompleted);
            return await task;
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var store in _stores.Values)
            {
                await store.DisposeAsync();
            }

            _cluster.Dispose();
        }

        private async Task StartAsync(string id, bool found)
        {
            var store = new ReplicatedStore(id, state => _cluster.CreateNode(id, state, found), new Lossy(this, _cluster.TransportOf(id)), _time);
            _stores[id] = store;
            await store.StartAsync(default);
            _cluster.Attach(id, store);
        }

        private async Task Until(Func<bool> condition)
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(40));
            while (!condition())
            {
                Assert.False(deadline.IsCancellationRequested, "not in 40 s");
                _time.Advance(TimeSpan.FromMilliseconds(5));
                await Task.Delay(1);
            }
        }

        private sealed class Lossy(Pair pair, IPeerTransport inner) : IPeerTransport
        {
            public async Task<ReadOnlyMemory<byte>> CallAsync(string nodeId, ReadOnlyMemory<byte> request, CancellationToken cancellation)
            {
                var answer = await inner.CallAsync(nodeId, request, cancellation);
                return pair.Loses && request.Span[0] == IConsensus.FirstStoreKind ? throw new IOException("the answer is lost") : answer;
            }
        }
    }
}
