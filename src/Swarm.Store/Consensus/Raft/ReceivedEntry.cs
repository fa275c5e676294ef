using DotNext.IO;
using DotNext.Net.Cluster.Consensus.Raft;

namespace Swarm.Store.Consensus.Raft;

/// <summary>An entry as it came from the leader.</summary>
internal sealed class ReceivedEntry(long term, bool isConfiguration, ReadOnlyMemory<byte> content) : IRaftLogEntry
{
    public long Term => term;

    public bool IsConfiguration => isConfiguration;

    public bool IsReusable => true;

    public long? Length => content.Length;

    bool IDataTransferObject.TryGetMemory(out ReadOnlyMemory<byte> memory)
    {
        memory = content;
        return true;
    }

    ValueTask IDataTransferObject.WriteToAsync<TWriter>(TWriter writer, CancellationToken token) => writer.WriteAsync(content, null, token);
}
