using DotNext.Net.Cluster;

namespace Swarm.Store.Consensus.Raft;

/// <summary>A member id as DotNext writes it to its state file.</summary>
internal static class MemberBytes
{
    internal static byte[] Of(string nodeId)
    {
        var bytes = new byte[ClusterMemberId.Size];
        NodeEndPoint.MemberIdOf(nodeId).Format(bytes);
        return bytes;
    }
}
