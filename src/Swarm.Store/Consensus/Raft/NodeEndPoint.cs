using System.Net;
using DotNext.Net.Cluster;

namespace Swarm.Store.Consensus.Raft;

/// <summary>DotNext names members by endpoint; ours are node ids in the clothes of a host name, and where they live is the transport's affair.</summary>
internal static class NodeEndPoint
{
    internal static EndPoint Of(string nodeId) => new DnsEndPoint(nodeId, 0);

    internal static string NodeIdOf(EndPoint endPoint) => ((DnsEndPoint)endPoint).Host;

    internal static ClusterMemberId MemberIdOf(string nodeId) => ClusterMemberId.FromEndPoint(Of(nodeId));
}
