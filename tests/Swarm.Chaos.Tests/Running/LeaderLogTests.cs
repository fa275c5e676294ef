using Swarm.Chaos.Running;

namespace Swarm.Chaos.Tests.Running;

public sealed class LeaderLogTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void Only_what_a_manager_says_of_itself_counts()
    {
        string[] log =
        [
            "2026-01-02T03:04:06.000Z info: Swarm.Store.Consensus.Raft.RaftConsensus[2011] aaa leads in term 4 (ready here: False)",
            "2026-01-02T03:04:06.100Z info: Swarm.Store.Consensus.Raft.RaftConsensus[2010] consensus of node aaa started in term 4, committed up to 0, 1 members",
            "2026-01-02T03:04:06.500Z info: Swarm.Store.Consensus.Raft.RaftConsensus[2011] aaa leads in term 4 (ready here: True)",
            "2026-01-02T03:04:07.000Z info: Swarm.Store.Consensus.Raft.RaftConsensus[2011] bbb leads in term 5 (ready here: False)",
            "2026-01-02T03:04:07.500Z info: Swarm.Store.Consensus.Raft.RaftConsensus[2011] nobody leads in term 6 (ready here: False)",
            "not a line of ours",
        ];
        var claims = LeaderLog.Claims("m1", log, Start).ToList();
        Assert.Equal([(4L, "aaa", false), (4L, "aaa", true)], claims.Select(c => (c.Term, c.LeaderId, c.Ready)));
        Assert.Equal(TimeSpan.FromSeconds(1.5), claims[1].At);
    }
}
