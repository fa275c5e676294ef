using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Swarm.Linux;

/// <summary>
/// A program's file copied into memory that nobody can change any more: memfd_create(2) with all seals of fcntl(2). It runs from
/// /proc/self/fd/N, and what it starts cannot write to the program through /proc/PID/exe.
/// </summary>
public static partial class SealedCopy
{
    private const uint CloseOnExec = 1, AllowSealing = 2, Executable = 0x10;
    private const int AddSeals = 1033, AllSeals = 0xf, ReadableAndExecutable = 0x16d;

    /// <returns>The descriptor, closed in children.</returns>
    /// <exception cref="IOException">The file cannot be read, there is no memory, or this kernel does not let memory be run.</exception>
    public static int Of(string path)
    {
        // Only a kernel that can forbid it (6.3) knows that it has to be asked for.
        var fd = memfd_create(Path.GetFileName(path), CloseOnExec | AllowSealing | Executable);
        if (fd < 0 && Marshal.GetLastPInvokeError() == LinuxError.Invalid)
        {
            fd = memfd_create(Path.GetFileName(path), CloseOnExec | AllowSealing);
        }

        if (fd < 0)
        {
            throw LinuxError.Last("memfd_create");
        }

        try
        {
            using (var file = File.OpenRead(path))
            using (var memory = new FileStream(new SafeFileHandle(fd, ownsHandle: false), FileAccess.Write))
            {
                file.CopyTo(memory);
            }

            return fchmod(fd, ReadableAndExecutable) == 0 && fcntl(fd, AddSeals, AllSeals) == 0 ? fd : throw LinuxError.Last("fcntl(F_ADD_SEALS)");
        }
        catch
        {
            FileDescriptors.Close(fd);
            throw;
        }
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int memfd_create(string name, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchmod(int fd, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int fd, int command, nint argument);
}
