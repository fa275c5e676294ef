using DotNext.Net.Cluster;

namespace Swarm.Store.Consensus.Raft;

/// <summary>A member id as the vote remembers it.</summary>
internal static class MemberBytes
{
    internal static byte[] Of(string nodeId) => Of(NodeEndPoint.MemberIdOf(nodeId));

    internal static byte[] Of(in ClusterMemberId member)
    {
        var bytes = new byte[ClusterMemberId.Size];
        member.Format(bytes);
        return bytes;
    }
}
