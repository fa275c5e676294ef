using System.Buffers.Binary;

namespace Swarm.Store.Consensus.Raft.Disk;

/// <summary>
/// The term that this node has seen and the vote it gave in it (file `vote`, a <see cref="SlotFile"/>): on disk before anybody hears of them. Called
/// by one thread at a time.
/// </summary>
internal sealed class VoteFile : IDisposable
{
    private readonly SlotFile _file;

    private VoteFile(SlotFile file, long term, byte[] vote)
    {
        _file = file;
        Term = term;
        Vote = vote;
    }

    internal long Term { get; private set; }

    /// <summary>Bytes of the candidate's member id; empty for no vote in this term.</summary>
    internal byte[] Vote { get; private set; }

    internal static VoteFile? Open(IRaftDisk disk, string path)
    {
        if (SlotFile.Open(disk, path) is not { } file)
        {
            return null;
        }

        return file.Content.Length < 8
            ? throw new InvalidDataException("the file vote is damaged")
            : new VoteFile(file, BinaryPrimitives.ReadInt64LittleEndian(file.Content), file.Content[8..]);
    }

    internal static VoteFile Create(IRaftDisk disk, string path)
    {
        SlotFile.Create(disk, path, new byte[8]).Dispose();
        return Open(disk, path)!;
    }

    /// <summary>Durable when it returns; when it throws, neither is in effect, but what the disk holds is unknown: the node must end.</summary>
    internal void Write(long term, ReadOnlySpan<byte> vote)
    {
        Span<byte> content = stackalloc byte[8 + vote.Length];
        BinaryPrimitives.WriteInt64LittleEndian(content, term);
        vote.CopyTo(content[8..]);
        _file.Write(content, sync: true);
        Vote = vote.ToArray();
        Term = term;
    }

    public void Dispose() => _file.Dispose();
}
