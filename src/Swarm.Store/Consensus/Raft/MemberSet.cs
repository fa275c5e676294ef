using System.Collections.Frozen;
using System.Net;
using System.Text;
using DotNext.IO;
using DotNext.Net.Cluster.Consensus.Raft.Membership;

namespace Swarm.Store.Consensus.Raft;

/// <summary>The members of the cluster as DotNext carries them: node ids, one per line (an id holds no white space).</summary>
internal sealed class MemberSet : IClusterConfiguration<EndPoint>
{
    private readonly byte[] _bytes;

    internal MemberSet(IEnumerable<string> nodeIds)
    {
        NodeIds = [.. nodeIds.Order(StringComparer.Ordinal)];
        Members = NodeIds.Select(NodeEndPoint.Of).ToFrozenSet();
        _bytes = Encoding.UTF8.GetBytes(string.Join('\n', NodeIds));
    }

    internal IReadOnlyList<string> NodeIds { get; }

    public IReadOnlySet<EndPoint> Members { get; }

    public bool IsReusable => true;

    public long? Length => _bytes.Length;

    internal ReadOnlySpan<byte> Bytes => _bytes;

    internal static MemberSet Parse(ReadOnlySpan<byte> bytes) =>
        new(Encoding.UTF8.GetString(bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries));

    // DotNext takes the same instance as the answer "nothing to change".
    public IClusterConfiguration<EndPoint> Add(EndPoint address) =>
        Members.Contains(address) ? this : new MemberSet([.. NodeIds, NodeEndPoint.NodeIdOf(address)]);

    public IClusterConfiguration<EndPoint> Remove(EndPoint address) =>
        Members.Contains(address) ? new MemberSet(NodeIds.Where(id => id != NodeEndPoint.NodeIdOf(address))) : this;

    bool IDataTransferObject.TryGetMemory(out ReadOnlyMemory<byte> memory)
    {
        memory = _bytes;
        return true;
    }

    ValueTask IDataTransferObject.WriteToAsync<TWriter>(TWriter writer, CancellationToken token) => writer.WriteAsync(_bytes, null, token);
}
