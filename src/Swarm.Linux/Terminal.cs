using System.Runtime.InteropServices;

namespace Swarm.Linux;

/// <summary>ioctl_tty(2), termios(3).</summary>
public static unsafe partial class Terminal
{
    private const nuint GetWindowSize = 0x5413, SetWindowSize = 0x5414;

    // struct termios of glibc has 60 bytes.
    private const int TermiosSize = 128, AtOnce = 0;

    public static void Resize(int terminal, ushort rows, ushort columns)
    {
        var size = stackalloc ushort[4] { rows, columns, 0, 0 };
        _ = ioctl(terminal, SetWindowSize, size);
    }

    /// <summary>Null: not a terminal.</summary>
    public static (ushort Rows, ushort Columns)? SizeOf(int terminal)
    {
        var size = stackalloc ushort[4];
        return ioctl(terminal, GetWindowSize, size) == 0 ? (size[0], size[1]) : null;
    }

    /// <summary>Every key reaches the reader as it is, until the answer is disposed. Null: not a terminal.</summary>
    public static IDisposable? MakeRaw(int terminal)
    {
        var before = new byte[TermiosSize];
        fixed (byte* settings = before)
        {
            if (tcgetattr(terminal, settings) != 0)
            {
                return null;
            }
        }

        var raw = (byte[])before.Clone();
        fixed (byte* settings = raw)
        {
            cfmakeraw(settings);
            _ = tcsetattr(terminal, AtOnce, settings);
        }

        return new RawMode(terminal, before);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int fd, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int tcgetattr(int fd, byte* settings);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int tcsetattr(int fd, int when, byte* settings);

    [LibraryImport("libc")]
    private static partial void cfmakeraw(byte* settings);

    private sealed class RawMode(int terminal, byte[] before) : IDisposable
    {
        public void Dispose()
        {
            fixed (byte* settings = before)
            {
                _ = tcsetattr(terminal, AtOnce, settings);
            }
        }
    }
}
