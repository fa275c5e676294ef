using System.Runtime.InteropServices;

namespace Swarm.Linux;

/// <summary>
/// Raw descriptors, for the shim's event loop and for handing descriptors to children: open(2), pipe2(2), read(2), write(2), fcntl(2).
/// Results are the kernel's; a negative one is an errno of <see cref="Marshal.GetLastPInvokeError"/>.
/// </summary>
public static partial class FileDescriptors
{
    public const int ReadOnly = 0, WriteOnly = 1, ReadWrite = 2;
    public const int Create = 0x40, Truncate = 0x200, Append = 0x400, NonBlocking = 0x800, CloseOnExec = 0x80000, Directory = 0x10000, PathOnly = 0x200000;

    /// <summary>O_TMPFILE: a file without a name, in the folder that is opened.</summary>
    public const int Unnamed = 0x410000;
    private const int DuplicateCloseOnExec = 1030, GetFlags = 3, SetFlags = 4;

    public static (int Read, int Write) Pipe(int flags = CloseOnExec)
    {
        Span<int> ends = stackalloc int[2];
        if (pipe2(ref MemoryMarshal.GetReference(ends), flags) != 0)
        {
            throw LinuxError.Last("pipe2");
        }

        return (ends[0], ends[1]);
    }

    /// <exception cref="IOException">The kernel's refusal.</exception>
    public static int Open(string path, int flags, int mode = 0)
    {
        var fd = open(path, flags | CloseOnExec, mode);
        return fd >= 0 ? fd : throw LinuxError.Last("open " + path);
    }

    /// <summary>Bytes read, 0 at the end, or minus errno.</summary>
    public static unsafe int Read(int fd, Span<byte> buffer)
    {
        fixed (byte* p = buffer)
        {
            var count = read(fd, p, buffer.Length);
            return count >= 0 ? (int)count : -Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>Bytes written, or minus errno.</summary>
    public static unsafe int Write(int fd, ReadOnlySpan<byte> buffer)
    {
        fixed (byte* p = buffer)
        {
            var count = write(fd, p, buffer.Length);
            return count >= 0 ? (int)count : -Marshal.GetLastPInvokeError();
        }
    }

    public static void Close(int fd) => _ = close(fd);

    /// <summary>A copy of at least <paramref name="lowest"/>, closed in children.</summary>
    public static int Duplicate(int fd, int lowest)
    {
        var copy = fcntl(fd, DuplicateCloseOnExec, lowest);
        return copy >= 0 ? copy : throw LinuxError.Last("fcntl");
    }

    /// <summary>Closes <paramref name="fd"/> in children, which are not started with it.</summary>
    public static void SetCloseOnExec(int fd)
    {
        const int setDescriptorFlags = 2, closeOnExec = 1;
        if (fcntl(fd, setDescriptorFlags, closeOnExec) < 0)
        {
            throw LinuxError.Last("fcntl");
        }
    }

    /// <summary>dup2(2): <paramref name="target"/> becomes what <paramref name="source"/> is.</summary>
    public static void Replace(int target, int source)
    {
        if (dup2(source, target) < 0)
        {
            throw LinuxError.Last("dup2");
        }
    }

    public static void SetNonBlocking(int fd)
    {
        if (fcntl(fd, SetFlags, fcntl(fd, GetFlags, 0) | NonBlocking) < 0)
        {
            throw LinuxError.Last("fcntl");
        }
    }

    /// <summary>fsync(2).</summary>
    public static bool Sync(int fd) => fsync(fd) == 0;

    public static bool Rename(string from, string to) => rename(from, to) == 0;

    /// <summary>rmdir(2), or minus errno.</summary>
    public static int RemoveFolder(string path) => rmdir(path) == 0 ? 0 : -Marshal.GetLastPInvokeError();

    public static void Unlink(string path) => _ = unlink(path);

    public static void ChangeDirectory(string path)
    {
        if (chdir(path) != 0)
        {
            throw LinuxError.Last("chdir " + path);
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int pipe2(ref int ends, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint read(int fd, byte* buffer, nint count);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint write(int fd, byte* buffer, nint count);

    [LibraryImport("libc")]
    private static partial int close(int fd);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int fd, int command, nint argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int dup2(int source, int target);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(int fd);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int rename(string from, string to);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int unlink(string path);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int rmdir(string path);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chdir(string path);
}
