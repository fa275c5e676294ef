using Swarm.Linux;
using Swarm.Store.Consensus.Raft.Disk;

namespace Swarm.Store.Tests;

internal enum DiskCall
{
    Create,
    Open,
    Rename,
    Delete,
    SyncDirectory,
    Write,
    Sync,
    Truncate,
}

/// <summary>The real disk, on which calls can be made to fail, and which remembers what a power cut would leave of each file.</summary>
internal sealed class TestDisk : IRaftDisk
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _syncedLengths = [];
    private readonly Dictionary<string, string> _renamed = [];
    private int _calls;

    /// <summary>Called before every call; an exception takes its place.</summary>
    internal Action<DiskCall, string>? Before { get; set; }

    /// <summary>Calls so far.</summary>
    internal int Calls => _calls;

    /// <summary>From now on every write, and creating files, fails as on a full disk.</summary>
    internal bool Full { get; set; }

    /// <summary>Length of the file when it was last synced.</summary>
    internal long SyncedLength(string path)
    {
        lock (_lock)
        {
            return _syncedLengths.GetValueOrDefault(path);
        }
    }

    internal static IOException Error(int errno, string what) => LinuxError.Of(what, errno);

    public IDiskFile Create(string path)
    {
        Enter(DiskCall.Create, path);
        lock (_lock)
        {
            _renamed.Remove(path);
        }

        return new OpenFile(this, path, LinuxDisk.Instance.Create(path));
    }

    public IDiskFile Open(string path)
    {
        Enter(DiskCall.Open, path);
        return new OpenFile(this, path, LinuxDisk.Instance.Open(path));
    }

    public void Rename(string from, string to)
    {
        Enter(DiskCall.Rename, to);
        LinuxDisk.Instance.Rename(from, to);
        lock (_lock)
        {
            _renamed[from] = to;
            _syncedLengths[to] = _syncedLengths.GetValueOrDefault(from);
        }
    }

    public void Delete(string path)
    {
        Enter(DiskCall.Delete, path);
        LinuxDisk.Instance.Delete(path);
    }

    public void SyncDirectory(string path)
    {
        Enter(DiskCall.SyncDirectory, path);
        LinuxDisk.Instance.SyncDirectory(path);
    }

    private void Enter(DiskCall call, string path)
    {
        Interlocked.Increment(ref _calls);
        Before?.Invoke(call, path);
        if (Full && (call is DiskCall.Create or DiskCall.Write) && !path.EndsWith("/vote", StringComparison.Ordinal) && !path.EndsWith("/mark", StringComparison.Ordinal))
        {
            throw Error(LinuxError.NoSpace, $"write {path}");
        }
    }

    private sealed class OpenFile(TestDisk disk, string path, IDiskFile file) : IDiskFile
    {
        public long Length => file.Length;

        public int Read(Span<byte> buffer, long offset) => file.Read(buffer, offset);

        public void Write(ReadOnlySpan<byte> content, long offset)
        {
            try
            {
                disk.Enter(DiskCall.Write, path);
            }
            catch (IOException)
            {
                // A write that fails may have written a part.
                file.Write(content[..(content.Length / 2)], offset);
                throw;
            }

            file.Write(content, offset);
        }

        public void Sync()
        {
            disk.Enter(DiskCall.Sync, path);
            file.Sync();
            lock (disk._lock)
            {
                disk._syncedLengths[disk._renamed.GetValueOrDefault(path, path)] = file.Length;
            }
        }

        public void DropCache() => file.DropCache();

        public void Truncate(long length)
        {
            disk.Enter(DiskCall.Truncate, path);
            file.Truncate(length);
        }

        public void Dispose() => file.Dispose();
    }
}
