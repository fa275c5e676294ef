using Swarm.Model;
using Swarm.Store.Replication;

namespace Swarm.Daemon;

/// <summary>What a manager that is told to leave without --force answers, in Docker's words.</summary>
internal static class LeaveWarning
{
    internal static string For(ReplicatedStore store)
    {
        const string start = "You are attempting to leave the swarm on a node that is participating as a manager. ";
        const string end = "The only way to restore a swarm that has lost consensus is to reinitialize it with `--force-new-cluster`. Use `--force` to suppress this message.";
        var members = store.Consensus.Members.Count;
        if (members <= 1)
        {
            return start + "Removing the last manager erases all current state of the swarm. Use `--force` to ignore this message. ";
        }

        // Only the leader hears the members; on the others the nodes' records tell, in which all are suspect for a moment after a change of the leader.
        var reachable = store.Consensus.Members.Count(member =>
            member.Reachable ?? store.View.Nodes.Find(member.NodeId)?.Status.State is NodeState.Ready or NodeState.Suspect);
        return reachable - 1 < (members / 2) + 1
            ? start + $"Removing this node leaves {reachable - 1} managers out of {members}. Without a Raft quorum your swarm will be inaccessible. " + end
            : start + "Doing so may lose the consensus of your cluster. " + end;
    }
}
