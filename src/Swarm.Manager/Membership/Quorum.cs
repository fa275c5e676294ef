using Swarm.Store.Consensus;

namespace Swarm.Manager.Membership;

/// <summary>Whether the managers still have a majority that answers, after a change.</summary>
internal static class Quorum
{
    /// <summary>Seen from the leader. A member of unknown reachability counts as silent; the last voter is never removed.</summary>
    internal static bool SurvivesWithout(IReadOnlyList<ConsensusMember> members, string nodeId, string self)
    {
        var rest = members.Where(member => member.Voter && member.NodeId != nodeId).ToList();
        var answering = rest.Count(member => member.NodeId == self || member.Reachable == true);
        return rest.Count > 0 && answering >= (rest.Count / 2) + 1;
    }
}
