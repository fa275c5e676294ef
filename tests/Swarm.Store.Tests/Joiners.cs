using DotNext.Net.Cluster.Consensus.Raft;
using Swarm.Store.Consensus.Raft;

namespace Swarm.Store.Tests;

/// <summary>A manager that was added and has not heard of it yet: its leader may lose the office before the news arrives.</summary>
public sealed class Joiners
{
    // Guard: GuardedCluster.MeetAsync. Without it a cluster that grew to two and lost its leader at once never has one again.
    [Fact]
    public async Task A_member_that_does_not_know_it_yet_votes_for_whoever_needs_it()
    {
        var directory = Directory.CreateTempSubdirectory("swarm-joiner-");
        try
        {
            await using var node = await RaftNode.StartAsync(new Network(), "b", directory.FullName, RaftBootstrap.Join);
            Assert.Equal((byte)PreVoteResult.Accepted, await AskAsync(node, RaftKind.PreVote, term: 3));
            Assert.Equal(1, await AskAsync(node, RaftKind.Vote, term: 3));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<byte> AskAsync(RaftNode node, RaftKind kind, long term)
    {
        var request = new WireWriter().Byte((byte)kind).Number(term).Number(1).Number(1).Written;
        var reader = new WireReader(await node.Store.HandleAsync("a", request, CancellationToken.None));
        reader.Number();
        return reader.Byte();
    }
}
