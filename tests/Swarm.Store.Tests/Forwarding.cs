using System.Collections.Concurrent;
using Swarm.Model;
using Swarm.Store.Replication;

namespace Swarm.Store.Tests;

/// <summary>What a follower passes on to the leader, together.</summary>
public sealed class Forwarding
{
    private const int MaxAttempts = 10;
    private const byte Commit = 0x40;

    [Fact]
    public async Task Writes_through_a_follower_travel_together_and_each_has_its_own_outcome()
    {
        await using var cluster = await RaftTestCluster.FoundAsync("a");
        await cluster.LeaderAsync();
        await cluster.GrowAsync("b");
        var follower = await FollowerAsync(cluster);
        var calls = new ConcurrentBag<int>();
        cluster.Network.Intercept = (_, _, request) =>
        {
            if (request.Span[0] == Commit)
            {
                calls.Add(Codec.Deserialize<ForwardRequest>(request[1..]).Transactions().Length);
            }

            return request;
        };
        var results = await cluster.Run(Task.WhenAll(Enumerable.Range(0, 300).Select(i =>
            cluster[follower].CommitAsync(new StoreTransaction().Create(new Node { Id = $"n{i % 200}" }), CancellationToken.None))));

        Assert.Equal(200, results.Count(result => result.IsCommitted));
        Assert.All(results.Where(result => !result.IsCommitted), result => Assert.Equal(CommitStatus.Exists, result.Status));
        Assert.All(Enumerable.Range(0, 200), i => Assert.NotNull(cluster[follower].View.Nodes.Find($"n{i}")));
        Assert.Equal(300, calls.Sum());
        Assert.True(calls.Count < 150, $"{calls.Count} calls for 300 transactions");
    }

    [Fact]
    public async Task What_a_leader_of_the_first_version_leaves_unanswered_is_sent_again()
    {
        await using var cluster = await RaftTestCluster.FoundAsync("a");
        await cluster.LeaderAsync();
        await cluster.GrowAsync("b");
        var follower = await FollowerAsync(cluster);

        // The first version sees one transaction: it reads the first field alone.
        cluster.Network.Intercept = (_, _, request) => request.Span[0] != Commit
            ? request
            : (byte[])[Commit, .. Codec.Serialize(new LogTransaction { Changes = Codec.Deserialize<ForwardRequest>(request[1..]).Changes })];
        var results = await cluster.Run(Task.WhenAll(Enumerable.Range(0, 20).Select(i =>
            cluster[follower].CommitAsync(new StoreTransaction().Create(new Node { Id = $"n{i}" }), CancellationToken.None))));

        Assert.All(results, result => Assert.Equal(CommitStatus.Committed, result.Status));
        Assert.Equal(20, cluster[follower].View.Nodes.Count);
    }

    /// <summary>Unless the leader changes meanwhile, as it may on a busy machine: then the outcome is known after all, and must be true.</summary>
    [Fact]
    public async Task A_lost_answer_is_an_unknown_outcome_for_every_write_of_the_call_while_the_same_leader_leads()
    {
        for (var attempt = 1; attempt <= MaxAttempts; attempt++)
        {
            await using var cluster = await RaftTestCluster.FoundAsync("a");
            await cluster.LeaderAsync();
            await cluster.GrowAsync("b");
            var follower = await FollowerAsync(cluster);
            var before = cluster[follower].Leadership;
            cluster.Network.Intercept = (_, _, request) => request.Span[0] == Commit ? default(ReadOnlyMemory<byte>?) : request;
            var results = await cluster.Run(Task.WhenAll(Enumerable.Range(0, 10).Select(i =>
                cluster[follower].CommitAsync(new StoreTransaction().Create(new Node { Id = $"n{i}" }), CancellationToken.None))));
            if (cluster[follower].Leadership == before)
            {
                Assert.All(results, result => Assert.Equal(CommitStatus.Unknown, result.Status));
                return;
            }

            for (var i = 0; i < results.Length; i++)
            {
                Assert.True(!results[i].IsCommitted || cluster[follower].View.Nodes.Find($"n{i}") is not null, $"n{i} is said to be there");
            }
        }

        Assert.Fail($"the leader changed in each of {MaxAttempts} attempts");
    }

    private static async Task<string> FollowerAsync(RaftTestCluster cluster) => await cluster.LeaderAsync() == "a" ? "b" : "a";
}
