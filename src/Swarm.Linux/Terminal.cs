using System.Runtime.InteropServices;

namespace Swarm.Linux;

/// <summary>ioctl_tty(2).</summary>
public static unsafe partial class Terminal
{
    private const nuint SetWindowSize = 0x5414;

    public static void Resize(int terminal, ushort rows, ushort columns)
    {
        var size = stackalloc ushort[4] { rows, columns, 0, 0 };
        _ = ioctl(terminal, SetWindowSize, size);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int fd, nuint request, void* argument);
}
