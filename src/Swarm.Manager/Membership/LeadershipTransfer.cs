using Swarm.Store;
using Swarm.Store.Consensus;

namespace Swarm.Manager.Membership;

/// <summary>A leader that hands its office over before anybody has to miss it.</summary>
public static class LeadershipTransfer
{
    /// <summary>For the election of a successor: several rounds of it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Whether enough members answer that one of them could be elected, and it need not be the present leader.</summary>
    public static bool IsPossible(IReadOnlyList<ConsensusMember> members, string leader)
    {
        var voters = members.Where(member => member.Voter).ToList();
        var others = voters.Count(member => member.NodeId != leader && member.Reachable == true);
        return others > 0 && others + 1 > voters.Count / 2;
    }

    /// <summary>Gives the leadership up and waits for the next leader, whose node id it answers. Nothing happens on a node that does not lead.</summary>
    public static async Task<string> ToAnotherAsync(IObjectStore store, IConsensus consensus, string self, CancellationToken cancellation)
    {
        await consensus.TransferLeadershipAsync(cancellation).ConfigureAwait(false);
        await foreach (var leadership in store.WatchLeadershipAsync(cancellation).ConfigureAwait(false))
        {
            if (leadership.LeaderId is { } leader && leader != self)
            {
                return leader;
            }
        }

        throw new OperationCanceledException("the store has ended", cancellation);
    }
}
