using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Swarm.Linux;

/// <summary>
/// Opens paths inside a container's root as the container itself would see them: no symbolic link leads out (openat2(2), RESOLVE_IN_ROOT).
/// </summary>
public static unsafe partial class RootedPath
{
    private const int SystemCallOpenAt2 = 437;
    private const ulong ResolveInRoot = 0x10, ResolveNoMagicLinks = 0x02;

    /// <summary>Null if there is nothing of that name.</summary>
    /// <exception cref="IOException">Any other refusal.</exception>
    public static SafeFileHandle? Open(string root, string path, int flags = FileDescriptors.ReadOnly)
    {
        const int notADirectory = 20;
        var rootFd = FileDescriptors.Open(root, FileDescriptors.PathOnly | FileDescriptors.Directory);
        try
        {
            var how = stackalloc ulong[3] { (ulong)(uint)(flags | FileDescriptors.CloseOnExec), 0, ResolveInRoot | ResolveNoMagicLinks };
            var name = Marshal.StringToCoTaskMemUTF8(path);
            var fd = syscall(SystemCallOpenAt2, rootFd, name, (nint)how, 3 * sizeof(ulong));
            var errno = Marshal.GetLastPInvokeError();
            Marshal.FreeCoTaskMem(name);
            return fd >= 0 ? new SafeFileHandle((nint)fd, ownsHandle: true)
                : errno is LinuxError.NoEntry or notADirectory ? null
                : throw LinuxError.Of("open " + path, errno);
        }
        finally
        {
            FileDescriptors.Close(rootFd);
        }
    }

    /// <summary>The lines of a small text file in the root; empty if there is none.</summary>
    public static IEnumerable<string> ReadLines(string root, string path, int maximumBytes)
    {
        using var handle = Open(root, path);
        if (handle is null)
        {
            return [];
        }

        var content = new byte[Math.Min(RandomAccess.GetLength(handle), maximumBytes)];
        var count = RandomAccess.Read(handle, content, 0);
        return System.Text.Encoding.UTF8.GetString(content, 0, count).Split('\n');
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, nint directory, nint path, nint how, nint size);
}
