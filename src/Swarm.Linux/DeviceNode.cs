using System.Runtime.InteropServices;

namespace Swarm.Linux;

/// <summary>A character or block device: statx(2), inode(7).</summary>
/// <param name="Mode">Permissions only.</param>
public readonly partial record struct DeviceNode(bool IsBlock, uint Major, uint Minor, int Mode, uint Uid, uint Gid)
{
    private const int CurrentDirectory = -100, StatxSize = 256, UidOffset = 20, GidOffset = 24, ModeOffset = 28, MajorOffset = 128, MinorOffset = 132;
    private const int Kind = 0xF000, Character = 0x2000, Block = 0x6000, Permissions = 0x1FF;
    private const uint BasicStats = 0x7FF;

    /// <summary>Null if there is no device of that name; links are followed.</summary>
    public static unsafe DeviceNode? Of(string path)
    {
        Span<byte> buffer = stackalloc byte[StatxSize];
        buffer.Clear();
        fixed (byte* p = buffer)
        {
            if (path.Length == 0 || path.Contains('\0', StringComparison.Ordinal) || statx(CurrentDirectory, path, 0, BasicStats, p) != 0)
            {
                return null;
            }
        }

        var mode = MemoryMarshal.Read<ushort>(buffer[ModeOffset..]);
        return (mode & Kind) is Character or Block
            ? new DeviceNode(
                (mode & Kind) == Block,
                MemoryMarshal.Read<uint>(buffer[MajorOffset..]),
                MemoryMarshal.Read<uint>(buffer[MinorOffset..]),
                mode & Permissions,
                MemoryMarshal.Read<uint>(buffer[UidOffset..]),
                MemoryMarshal.Read<uint>(buffer[GidOffset..]))
            : null;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(int directory, string path, int flags, uint mask, byte* buffer);
}
