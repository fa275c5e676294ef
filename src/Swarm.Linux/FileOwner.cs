using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Swarm.Linux;

/// <summary>fchown(2).</summary>
public static partial class FileOwner
{
    /// <exception cref="IOException">The kernel's refusal.</exception>
    public static void Set(SafeFileHandle file, uint uid, uint gid)
    {
        if (fchown(file, uid, gid) != 0)
        {
            throw LinuxError.Last("fchown");
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchown(SafeFileHandle file, uint uid, uint gid);
}
