using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Swarm.Linux;

/// <summary>How the file system that holds a file is mounted: fstatvfs(3).</summary>
public static unsafe partial class MountFlags
{
    // struct statvfs of 64-bit Linux: nine words, then f_flag.
    private const int Size = 128, FlagWord = 9;
    private const ulong ReadOnlyFlag = 1;

    /// <summary>Through this mount nothing can be written.</summary>
    public static bool IsReadOnly(SafeFileHandle file)
    {
        var buffer = stackalloc ulong[Size / sizeof(ulong)];
        return fstatvfs(file, buffer) == 0 ? (buffer[FlagWord] & ReadOnlyFlag) != 0 : throw LinuxError.Last("fstatvfs");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fstatvfs(SafeFileHandle file, ulong* buffer);
}
