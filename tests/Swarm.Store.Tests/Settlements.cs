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
    public async Task A_write_that_left_no_object_is_told_by_the_log()
    {
        // Taken out: without own.Outcome in ReplicatedStore.SettleAsync, both are Unknown.
        await using var pair = await Pair.StartAsync();
        await pair.Run(pair.Follower.CommitAsync(new StoreTransaction().Create(new Node { Id = "n1" }).Create(new Node { Id = "n2" }), default));
        var (first, second) = (pair.Follower.View.Nodes.Find("n1")!, pair.Follower.View.Nodes.Find("n2")!);
        pair.Loses = true;

        // Refused by the leader, for one object moved: the other must not be taken for it.
        await pair.Run(pair.Leader.CommitAsync(new StoreTransaction().Update(second with { Role = NodeRole.Manager }), default));
        var lost = await pair.Run(pair.Follower.CommitAsync(new StoreTransaction().Update(first).Update(second with { Role = NodeRole.Manager }), default));
        Assert.Equal((CommitStatus.Conflict, "n2"), (lost.Status, lost.ObjectId));
        lost = await pair.Run(pair.Follower.CommitAsync(new StoreTransaction().Delete(first), default));
        Assert.Equal(CommitStatus.Committed, lost.Status);
        Assert.Null(pair.Follower.View.Nodes.Find("n1"));
    }

    [Fact]
    public async Task A_write_that_never_reached_a_leader_is_written_once_the_next_one_shows_that_it_was_not()
    {
        // Taken out: answer Unknown in ReplicatedStore.SettleAsync where the barrier's term is later, and it is this one's outcome.
        await using var pair = await Pair.StartAsync();
        await pair.Run(pair.Follower.CommitAsync(new StoreTransaction().Create(new Node { Id = "n1" }), default));
        var (leader, follower) = (pair.Leader, pair.Follower);
        pair.Drops = true;
        var deleted = follower.CommitAsync(new StoreTransaction().Delete(follower.View.Nodes.Find("n1")!), default);
        await pair.Until(() => pair.Dropped > 0);
        await leader.Consensus.TransferLeadershipAsync(default);
        Assert.Equal(CommitStatus.Committed, (await pair.Run(deleted)).Status);
        Assert.Null(follower.View.Nodes.Find("n1"));
    }

    [Fact]
    public async Task What_was_passed_on_to_a_leadership_that_has_ended_is_not_written_in_the_next_one()
    {
        // Taken out: without the term in ReplicatedStore.HandleAsync, a message that is late creates n1 after its sender was sure that it never will be.
        await using var pair = await Pair.StartAsync();
        var term = pair.Leader.Leadership.Term;
        var late = new LogTransaction { Changes = [.. new StoreTransaction().Create(new Node { Id = "n1" }).Changes] };
        await pair.Leader.Consensus.TransferLeadershipAsync(default);
        await pair.Until(() => pair.HasLeaderAfter(term));
        byte[] message = [Forwarder.CommitKind, .. Codec.Serialize(ForwardRequest.Of([new Queued(late, TransactionOwner.Nobody, late.Size(), term)], term))];
        var answer = Codec.Deserialize<ForwardAnswer>(await pair.Run(pair.Leader.HandleAsync("b", message, default)));
        Assert.False(answer.Leads);
        Assert.Null(pair.Leader.View.Nodes.Find("n1"));
    }

    private sealed class Pair : IAsyncDisposable
    {
        private readonly FakeTimeProvider _time = new();
        private readonly MemoryCluster _cluster;
        private readonly Dictionary<string, ReplicatedStore> _stores = [];

        private Pair() => _cluster = new MemoryCluster(_time, new Random(1), new MemoryClusterOptions());

        /// <summary>The leader gets and does what a follower passes on, and its answers are lost.</summary>
        internal bool Loses { get; set; }

        /// <summary>What a follower passes on never arrives.</summary>
        internal bool Drops { get; set; }

        internal int Dropped { get; private set; }

        internal bool HasLeaderAfter(long term) => _stores.Values.Any(store => store.Leadership is { IsLeader: true } own && own.Term > term);

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

        internal async Task Until(Func<bool> condition)
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
                if (pair.Drops && request.Span[0] == IConsensus.FirstStoreKind)
                {
                    pair.Dropped++;
                    throw new IOException("the request is lost");
                }

                var answer = await inner.CallAsync(nodeId, request, cancellation);
                return pair.Loses && request.Span[0] == IConsensus.FirstStoreKind ? throw new IOException("the answer is lost") : answer;
            }
        }
    }
}
