using Swarm.Linux;

namespace Swarm.Store.Consensus.Raft.Disk;

/// <summary>The kernel's.</summary>
internal sealed class LinuxDisk : IRaftDisk
{
    internal static readonly LinuxDisk Instance = new();

    public IDiskFile Create(string path) => new OpenFile(BlockFile.Create(path));

    public IDiskFile Open(string path) => new OpenFile(BlockFile.Open(path));

    public void Rename(string from, string to) => DurableFile.Replace(from, to);

    public void Delete(string path) => File.Delete(path);

    public void SyncDirectory(string path) => DurableFile.SyncDirectory(path);

    private sealed class OpenFile(BlockFile file) : IDiskFile
    {
        public long Length => file.Length;

        public int Read(Span<byte> buffer, long offset) => file.Read(buffer, offset);

        public void Write(ReadOnlySpan<byte> content, long offset) => file.Write(content, offset);

        public void Sync() => file.SyncData();

        public void DropCache() => file.DropCache();

        public void Truncate(long length) => file.Truncate(length);

        public void Dispose() => file.Dispose();
    }
}
