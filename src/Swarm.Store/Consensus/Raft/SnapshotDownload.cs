using DotNext.IO;
using DotNext.Net.Cluster.Consensus.Raft;
using Swarm.Linux;

namespace Swarm.Store.Consensus.Raft;

/// <summary>
/// Puts a snapshot together from its chunks, one at a time: a chunk that does not continue the one before (another leader, a lost chunk) ends it
/// and the leader starts over. Calls do not overlap: a leader sends the next chunk after the answer, and <see cref="RaftConsensus"/> holds a gate.
/// </summary>
internal sealed class SnapshotDownload(string directory) : IDisposable
{
    private readonly string _path = Path.Combine(directory, "download.tmp");
    private FileStream? _file;
    private (string Sender, long Term, long Index) _of;

    /// <summary>Null while chunks are missing; then the whole file, synced, as the entry that the log takes.</summary>
    /// <exception cref="InvalidDataException">The chunk does not continue the snapshot.</exception>
    internal IRaftLogEntry? Add(string sender, SnapshotChunk chunk)
    {
        if (chunk.Offset == 0)
        {
            _file?.Dispose();
            _file = new FileStream(_path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read);
            _of = (sender, chunk.Term, chunk.Index);
        }

        if (_file is null || _of != (sender, chunk.Term, chunk.Index) || _file.Length != chunk.Offset)
        {
            throw new InvalidDataException("a part of a snapshot is missing");
        }

        _file.Write(chunk.Content.Span);
        _file.Flush();
        if (!chunk.IsLast)
        {
            return null;
        }

        DurableFile.Sync(_file.SafeFileHandle);
        _file.Dispose();
        _file = null;
        return new Received(_path, chunk.SnapshotTerm, chunk.FileLength);
    }

    public void Dispose() => _file?.Dispose();

    private sealed class Received(string path, long term, long length) : IRaftLogEntry
    {
        public long Term => term;

        public bool IsSnapshot => true;

        public bool IsReusable => true;

        public long? Length => length;

        public async ValueTask WriteToAsync<TWriter>(TWriter writer, CancellationToken token) where TWriter : IAsyncBinaryWriter
        {
            await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            await writer.CopyFromAsync(stream, null, token).ConfigureAwait(false);
        }
    }
}
