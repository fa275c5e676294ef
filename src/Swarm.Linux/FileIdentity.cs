using System.Runtime.InteropServices;

namespace Swarm.Linux;

/// <summary>Which file a name leads to now: statx(2)'s device and inode, to see that a log was rotated or a folder is a mount.</summary>
public readonly partial record struct FileIdentity(uint DeviceMajor, uint DeviceMinor, ulong Inode)
{
    private const int CurrentDirectory = -100, StatxSize = 256, InodeOffset = 32, DeviceMajorOffset = 136, DeviceMinorOffset = 140;
    private const uint WantInode = 0x100;

    /// <summary>Null if there is no such file.</summary>
    public static unsafe FileIdentity? Of(string path)
    {
        Span<byte> buffer = stackalloc byte[StatxSize];
        buffer.Clear();
        fixed (byte* p = buffer)
        {
            if (statx(CurrentDirectory, path, 0, WantInode, p) != 0)
            {
                return Marshal.GetLastPInvokeError() == LinuxError.NoEntry ? null : throw LinuxError.Last("statx " + path);
            }
        }

        return new FileIdentity(
            MemoryMarshal.Read<uint>(buffer[DeviceMajorOffset..]),
            MemoryMarshal.Read<uint>(buffer[DeviceMinorOffset..]),
            MemoryMarshal.Read<ulong>(buffer[InodeOffset..]));
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(int directory, string path, int flags, uint mask, byte* buffer);
}
