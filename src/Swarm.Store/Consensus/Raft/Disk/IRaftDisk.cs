namespace Swarm.Store.Consensus.Raft.Disk;

/// <summary>
/// The calls by which the log reaches the disk; tests make each of them fail. Every failure is an <see cref="IOException"/> whose HResult is the
/// errno. Nothing is durable before its sync returned.
/// </summary>
internal interface IRaftDisk
{
    /// <summary>A file that did not exist, 0600.</summary>
    IDiskFile Create(string path);

    /// <exception cref="FileNotFoundException">There is none.</exception>
    IDiskFile Open(string path);

    /// <summary>Renames a synced file and makes the name durable.</summary>
    void Rename(string from, string to);

    /// <summary>Nothing happens if it is gone already.</summary>
    void Delete(string path);

    void SyncDirectory(string path);
}

/// <summary>An open file. Safe from any thread.</summary>
internal interface IDiskFile : IDisposable
{
    long Length { get; }

    /// <summary>Fills the buffer unless the file ends; the bytes read.</summary>
    int Read(Span<byte> buffer, long offset);

    void Write(ReadOnlySpan<byte> content, long offset);

    void Sync();

    /// <summary>What was synced is read from the disk from now on, not from memory.</summary>
    void DropCache();

    void Truncate(long length);
}
