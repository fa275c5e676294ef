using DotNext.IO;
using DotNext.Net.Cluster.Consensus.Raft;
using Swarm.Store.Consensus.Raft.Disk;

namespace Swarm.Store.Consensus.Raft;

/// <summary>
/// An entry as the core knows it: from the leader on its way into the log, from the log on its way to others, or the stand-in for a snapshot, of
/// which <see cref="RaftPeer"/> sends the file.
/// </summary>
internal readonly struct CoreEntry(long term, LogItemKind kind, ReadOnlyMemory<byte> content, bool isSnapshot = false) : IRaftLogEntry
{
    public long Term => term;

    public bool IsConfiguration => kind == LogItemKind.Members;

    public bool IsSnapshot => isSnapshot;

    public bool IsReusable => true;

    public long? Length => content.Length;

    bool IDataTransferObject.TryGetMemory(out ReadOnlyMemory<byte> memory)
    {
        memory = content;
        return true;
    }

    ValueTask IDataTransferObject.WriteToAsync<TWriter>(TWriter writer, CancellationToken token) => writer.WriteAsync(content, null, token);
}
