using System.Buffers.Binary;

namespace Swarm.Store.Consensus.Raft.Disk;

/// <summary>
/// Where the log ended when it was last synced, and what of it was committed (file `mark`, a <see cref="SlotFile"/>). A log that ends earlier at the
/// next start has lost what others were told of (design/store.md, H9): only this tells a tail that was torn before anybody heard of it from one that
/// was cut off since. Always written after the log's own sync, so it never claims more than the log holds; not synced itself, except before the log
/// is shortened on purpose. Safe from any thread.
/// </summary>
internal sealed class LogMark : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SlotFile _file;

    private LogMark(SlotFile file, long lastIndex, long commitIndex)
    {
        _file = file;
        LastIndex = lastIndex;
        CommitIndex = commitIndex;
    }

    internal long LastIndex { get; private set; }

    internal long CommitIndex { get; private set; }

    internal static LogMark? Open(IRaftDisk disk, string path)
    {
        if (SlotFile.Open(disk, path) is not { } file)
        {
            return null;
        }

        return file.Content.Length != 16
            ? throw new InvalidDataException("the file mark is damaged")
            : new LogMark(file, BinaryPrimitives.ReadInt64LittleEndian(file.Content), BinaryPrimitives.ReadInt64LittleEndian(file.Content.AsSpan(8)));
    }

    internal static LogMark Create(IRaftDisk disk, string path)
    {
        SlotFile.Create(disk, path, new byte[16]).Dispose();
        return Open(disk, path)!;
    }

    /// <summary>The log is synced up to here.</summary>
    internal void Synced(long lastIndex)
    {
        lock (_lock)
        {
            if (lastIndex > LastIndex)
            {
                Write(lastIndex, CommitIndex, sync: false);
            }
        }
    }

    internal void Committed(long commitIndex)
    {
        lock (_lock)
        {
            if (commitIndex > CommitIndex)
            {
                Write(LastIndex, commitIndex, sync: false);
            }
        }
    }

    /// <summary>The log is about to be shortened; on disk when this returns.</summary>
    internal void Lower(long lastIndex)
    {
        lock (_lock)
        {
            if (lastIndex < LastIndex)
            {
                Write(lastIndex, CommitIndex, sync: true);
            }
        }
    }

    public void Dispose() => _file.Dispose();

    private void Write(long lastIndex, long commitIndex, bool sync)
    {
        Span<byte> content = stackalloc byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(content, lastIndex);
        BinaryPrimitives.WriteInt64LittleEndian(content[8..], commitIndex);
        _file.Write(content, sync);
        LastIndex = lastIndex;
        CommitIndex = commitIndex;
    }
}
