using DotNext.Net.Cluster;
using DotNext.Net.Cluster.Consensus.Raft;
using Microsoft.Extensions.Time.Testing;
using Swarm.Store.Consensus;
using Swarm.Store.Consensus.Raft;
using Swarm.Store.Consensus.Raft.Disk;

namespace Swarm.Store.Tests;

/// <summary>The hazards of design/store.md that live in the calls to a member.</summary>
public sealed class PeerGuards
{
    private readonly FakeTimeProvider _time = new();
    private readonly RaftOptions _options = new() { Directory = "unused", NodeId = "self", DataKeys = TestKeys.One };
    private readonly MatchTable _matches = new();

    // Guard: the timeout of VoteAsync and PreVoteAsync in RaftPeer (give them an hour).
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task H7_a_silent_member_holds_an_election_up_no_longer_than_half_of_the_timeout(bool preVote)
    {
        using var peer = Peer(new Silent());
        Task call = preVote ? peer.PreVoteAsync(2, 1, 1, CancellationToken.None) : peer.VoteAsync(2, 1, 1, CancellationToken.None);
        _time.Advance(_options.LowerElectionTimeout / 2);
        await Assert.ThrowsAsync<MemberUnavailableException>(() => call.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    // Guard: Ballot.GrantedAsync. No time passes in this test, so without it the call never ends.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task H7_an_election_that_is_decided_waits_for_nobody(bool preVote)
    {
        var shared = Shared(new Silent { Granting = "b" });
        using RaftPeer self = Peer("self", shared), granting = Peer("b", shared), silent = Peer("c", shared);
        for (var round = 0; round < 2; round++)
        {
            Task late = preVote ? silent.PreVoteAsync(2, 1, 1, CancellationToken.None) : silent.VoteAsync(2 + round, 1, 1, CancellationToken.None);
            Task own = preVote ? self.PreVoteAsync(2, 1, 1, CancellationToken.None) : self.VoteAsync(2 + round, 1, 1, CancellationToken.None);
            await own;
            Assert.False(late.IsCompleted);
            Task grant = preVote ? granting.PreVoteAsync(2, 1, 1, CancellationToken.None) : granting.VoteAsync(2 + round, 1, 1, CancellationToken.None);
            await grant;
            await Assert.ThrowsAsync<MemberUnavailableException>(() => late.WaitAsync(TimeSpan.FromSeconds(20)));
            Assert.NotEqual(ClusterMemberStatus.Unavailable, silent.Status);
        }

        // Guard: _outpaced. No time passes: the new leader's first round does not wait for the silent one, either; the next one does ask it.
        Task First() => silent.AppendEntriesAsync<CoreEntry, CoreEntry[]>(3, [], 0, 0, 0, CancellationToken.None);
        await Assert.ThrowsAsync<MemberUnavailableException>(() => First().WaitAsync(TimeSpan.FromSeconds(20)));
        var next = First();
        Assert.False(next.IsCompleted);
        _time.Advance(_options.AppendTimeout);
        await Assert.ThrowsAsync<MemberUnavailableException>(() => next.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    // Guard: Abstains in RaftPeer.PreVoteAsync.
    [Fact]
    public async Task A_node_that_gave_the_leadership_away_does_not_stand()
    {
        using var self = Peer("self", Shared(new Silent(), abstains: true));
        Assert.Equal(PreVoteResult.RejectedByLeader, (await self.PreVoteAsync(2, 1, 1, CancellationToken.None)).Value);
    }

    // Guard: the look at the end of RaftConsensus.OnAppendAsync. Found by the chaos scenario pause-leader, seed 1: a manager slept through a term.
    [Fact]
    public async Task A_follower_that_missed_a_term_knows_the_one_of_its_leader()
    {
        await using var cluster = await RaftTestCluster.FoundAsync("a");
        await cluster.LeaderAsync();
        await cluster.GrowAsync("b", "c");
        var leader = await cluster.LeaderAsync();
        var follower = cluster.Up.Keys.First(id => id != leader);
        await ConsensusContract.CommitAsync(cluster, leader, "first");
        var before = cluster.Raft(follower).Leadership;
        Assert.Equal(leader, before.LeaderId);
        var seen = new TaskCompletionSource();
        cluster.Raft(follower).LeadershipChanged += now =>
        {
            if (now == before with { Term = before.Term + 1 })
            {
                seen.TrySetResult();
            }
        };

        // The same leader, chosen again in a term of which this member heard nothing.
        var append = AppendRequest.Begin(before.Term + 1, previousIndex: 0, previousTerm: 0, commitIndex: 0).Written;
        await cluster[follower].HandleAsync(leader, append, CancellationToken.None);
        await seen.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    // Guard: the split by MaxAppendBytes in RaftPeer.AppendEntriesAsync.
    [Fact]
    public async Task H6_a_long_log_goes_out_in_bounded_messages()
    {
        var follower = new Follower();
        using var peer = Peer(follower);
        var entries = Entries(count: 50, bytes: 100_000);
        var result = await peer.AppendEntriesAsync<CoreEntry, CoreEntry[]>(1, entries, 0, 0, 0, CancellationToken.None);
        Assert.Equal(HeartbeatResult.ReplicatedWithLeaderTerm, result.Value.Result);
        Assert.Equal(50, follower.Last);
        Assert.All(follower.Sizes, size => Assert.InRange(size, 1, _options.MaxAppendBytes));
    }

    // Guard: NextIndex set after each part in RaftPeer.AppendEntriesAsync.
    [Fact]
    public async Task H6_what_arrived_before_a_failure_is_not_sent_again()
    {
        var follower = new Follower { FailAfter = 2 };
        using var peer = Peer(follower);
        var entries = Entries(count: 50, bytes: 100_000);
        await Assert.ThrowsAsync<MemberUnavailableException>(
            () => peer.AppendEntriesAsync<CoreEntry, CoreEntry[]>(1, entries, 0, 0, 0, CancellationToken.None));
        Assert.InRange(follower.Last, 1, 49);
        Assert.Equal(follower.Last + 1, peer.NextIndex);
        Assert.Equal(follower.Last, _matches.MajorityIndex(["self", "peer"], "self", 1, 50));
    }

    [Fact]
    public async Task An_entry_larger_than_a_message_travels_alone()
    {
        var follower = new Follower();
        using var peer = Peer(follower);
        var entries = Entries(count: 3, bytes: 1_500_000);
        await peer.AppendEntriesAsync<CoreEntry, CoreEntry[]>(1, entries, 0, 0, 0, CancellationToken.None);
        Assert.Equal(3, follower.Sizes.Count);
        Assert.Equal(3, follower.Last);
    }

    // Guard: the Lower in RaftPeer.AppendEntriesAsync.
    [Fact]
    public async Task H2_a_member_that_refuses_no_longer_counts_for_what_it_held()
    {
        var follower = new Follower();
        using var peer = Peer(follower);
        await peer.AppendEntriesAsync<CoreEntry, CoreEntry[]>(1, Entries(3, 10), 0, 0, 0, CancellationToken.None);
        Assert.Equal(3, _matches.MajorityIndex(["self", "peer"], "self", 1, 3));
        follower.Wiped = true;
        await peer.AppendEntriesAsync<CoreEntry, CoreEntry[]>(1, [], 3, 1, 0, CancellationToken.None);
        Assert.Equal(0, _matches.MajorityIndex(["self", "peer"], "self", 1, 3));
    }

    private static CoreEntry[] Entries(int count, int bytes) => [.. Enumerable.Range(0, count).Select(_ => new CoreEntry(1, LogItemKind.Data, new byte[bytes]))];

    private RaftPeer Peer(IPeerTransport transport) => Peer("peer", Shared(transport));

    private static RaftPeer Peer(string nodeId, RaftPeer.Shared shared) => new(nodeId, shared);

    private RaftPeer.Shared Shared(IPeerTransport transport, bool abstains = false) =>
        new(_options, transport, _time, _matches, _ => null, _ => false, new Ballot(() => 3), () => abstains);

    private sealed class Silent : IPeerTransport
    {
        internal string? Granting { get; init; }

        public async Task<ReadOnlyMemory<byte>> CallAsync(string nodeId, ReadOnlyMemory<byte> request, CancellationToken cancellation)
        {
            if (nodeId == Granting)
            {
                return (RaftKind)request.Span[0] == RaftKind.PreVote ? RaftPeer.ToMessage(2, (byte)PreVoteResult.Accepted) : RaftPeer.ToMessage(2, 1);
            }

            await Task.Delay(Timeout.Infinite, cancellation);
            return default;
        }
    }

    private sealed class Follower : IPeerTransport
    {
        internal List<int> Sizes { get; } = [];
        internal long Last { get; private set; }
        internal int FailAfter { get; init; } = int.MaxValue;
        internal bool Wiped { get; set; }

        public Task<ReadOnlyMemory<byte>> CallAsync(string nodeId, ReadOnlyMemory<byte> request, CancellationToken cancellation)
        {
            if (Sizes.Count == FailAfter)
            {
                throw new IOException("lost");
            }

            Sizes.Add(request.Length);
            var reader = new WireReader(request[1..]);
            var append = AppendRequest.Read(ref reader);
            Last = append.PreviousIndex + append.Entries.Count;
            var status = new ReplicationStatus { Result = Wiped ? HeartbeatResult.Rejected : HeartbeatResult.ReplicatedWithLeaderTerm, LastIndex = Wiped ? 0 : Last };
            return Task.FromResult(RaftPeer.ToMessage(new Result<ReplicationStatus> { Term = append.Term, Value = status }));
        }
    }
}
