using DotNext.IO;
using DotNext.Net.Cluster.Consensus.Raft;

namespace Swarm.Store.Consensus.Raft;

/// <summary>A snapshot as the core hands it on to the log: only the name of a file that is whole and synced.</summary>
internal sealed class ReceivedSnapshot(string path, long index, long term) : IRaftLogEntry
{
    internal string Path => path;

    internal long Index => index;

    public long Term => term;

    public bool IsSnapshot => true;

    public bool IsReusable => true;

    public long? Length => null;

    ValueTask IDataTransferObject.WriteToAsync<TWriter>(TWriter writer, CancellationToken token) =>
        throw new NotSupportedException("a snapshot is taken over as a file");
}
