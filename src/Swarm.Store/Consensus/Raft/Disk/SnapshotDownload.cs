namespace Swarm.Store.Consensus.Raft.Disk;

/// <summary>
/// Puts a snapshot together from its chunks, one at a time, under this node's own key: a chunk that does not continue the one before (another
/// leader, a lost chunk) ends it and the leader starts over. Calls do not overlap: a leader sends the next chunk after the answer, and
/// <see cref="RaftConsensus"/> holds a gate.
/// </summary>
internal sealed class SnapshotDownload(IRaftDisk disk, DataKeys keys, string directory) : IDisposable
{
    private readonly string _path = Path.Combine(directory, "download.tmp");
    private SealedWriter? _file;
    private (string Sender, long Term, long Index) _of;

    /// <summary>Null while chunks are missing; then the whole file, synced, as the entry that the log takes.</summary>
    /// <exception cref="InvalidDataException">The chunk does not continue the snapshot.</exception>
    internal ReceivedSnapshot? Add(string sender, SnapshotChunk chunk)
    {
        if (chunk.Offset == 0)
        {
            Drop();
            _file = new SealedWriter(disk.Create(_path), SnapshotFile.Magic, chunk.Index, chunk.SnapshotTerm, keys);
            _of = (sender, chunk.Term, chunk.Index);
        }

        if (_file is null || _of != (sender, chunk.Term, chunk.Index) || _file.Position != chunk.Offset)
        {
            throw new InvalidDataException("a part of a snapshot is missing");
        }

        try
        {
            _file.Write(chunk.Content.Span);
            if (!chunk.IsLast)
            {
                return null;
            }

            _file.Complete();
        }
        catch (IOException)
        {
            Drop();
            throw;
        }

        _file.Dispose();
        _file = null;
        return new ReceivedSnapshot(_path, chunk.Index, chunk.SnapshotTerm);
    }

    public void Dispose() => _file?.Dispose();

    internal void Drop()
    {
        _file?.Dispose();
        _file = null;
        disk.Delete(_path);
    }
}
