using System.Runtime.InteropServices;

namespace Swarm.Linux;

/// <summary>Which file a name leads to now: statx(2)'s device and inode, to see that a log was rotated or a folder is a mount.</summary>
public readonly partial record struct FileIdentity(uint DeviceMajor, uint DeviceMinor, ulong Inode)
{
    private const int CurrentDirectory = -100, StatxSize = 256, InodeOffset = 32, BirthOffset = 80, DeviceMajorOffset = 136, DeviceMinorOffset = 140;
    private const uint WantInode = 0x100, WantBirth = 0x800;

    /// <summary>Null if there is no such file.</summary>
    public static FileIdentity? Of(string path)
    {
        Span<byte> buffer = stackalloc byte[StatxSize];
        return Read(path, WantInode, buffer)
            ? new FileIdentity(
                MemoryMarshal.Read<uint>(buffer[DeviceMajorOffset..]),
                MemoryMarshal.Read<uint>(buffer[DeviceMinorOffset..]),
                MemoryMarshal.Read<ulong>(buffer[InodeOffset..]))
            : null;
    }

    /// <summary>
    /// When the file was made, nanoseconds since 1970: no program can set it, so a copy has another. 0 on a file system that does not keep it.
    /// </summary>
    public static long BirthOf(string path)
    {
        const long nanoseconds = 1_000_000_000;
        Span<byte> buffer = stackalloc byte[StatxSize];
        return Read(path, WantBirth, buffer) && (MemoryMarshal.Read<uint>(buffer) & WantBirth) != 0
            ? (MemoryMarshal.Read<long>(buffer[BirthOffset..]) * nanoseconds) + MemoryMarshal.Read<uint>(buffer[(BirthOffset + sizeof(long))..])
            : 0;
    }

    /// <summary>False if there is no such file.</summary>
    private static unsafe bool Read(string path, uint want, Span<byte> buffer)
    {
        buffer.Clear();
        fixed (byte* p = buffer)
        {
            return statx(CurrentDirectory, path, 0, want, p) == 0
                || (Marshal.GetLastPInvokeError() == LinuxError.NoEntry ? false : throw LinuxError.Last("statx " + path));
        }
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(int directory, string path, int flags, uint mask, byte* buffer);
}
