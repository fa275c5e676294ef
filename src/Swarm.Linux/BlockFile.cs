using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Swarm.Linux;

/// <summary>
/// A file that is read and written at offsets and synced by hand: open(2), pread(2), pwrite(2), fdatasync(2), posix_fadvise(2), ftruncate(2). Every failure is an
/// <see cref="IOException"/> whose HResult is the errno; .NET's own streams lose that of a failed sync. Safe from any thread.
/// </summary>
public sealed partial class BlockFile : IDisposable
{
    private const int CreateExclusively = 0x40 | 0x80;
    private const int SeekEnd = 2;
    private readonly SafeFileHandle _handle;

    private BlockFile(string path, SafeFileHandle handle)
    {
        Path = path;
        _handle = handle;
    }

    public string Path { get; }

    public long Length
    {
        get
        {
            var length = lseek(_handle, 0, SeekEnd);
            return length >= 0 ? length : throw Failure("lseek");
        }
    }

    /// <summary>A file that did not exist, readable by its owner only (0600).</summary>
    public static BlockFile Create(string path) => Open(path, CreateExclusively);

    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static BlockFile Open(string path) => Open(path, 0);

    /// <summary>Fills the buffer unless the file ends; the bytes read.</summary>
    public unsafe int Read(Span<byte> buffer, long offset)
    {
        var total = 0;
        fixed (byte* p = buffer)
        {
            while (total < buffer.Length)
            {
                var count = pread(_handle, p + total, buffer.Length - total, offset + total);
                if (count == 0)
                {
                    break;
                }

                total += count > 0 ? (int)count : Retry("read");
            }
        }

        return total;
    }

    /// <summary>Writes all of it, or throws with an unknown part of it written.</summary>
    public unsafe void Write(ReadOnlySpan<byte> content, long offset)
    {
        var total = 0;
        fixed (byte* p = content)
        {
            while (total < content.Length)
            {
                var count = pwrite(_handle, p + total, content.Length - total, offset + total);
                total += count >= 0 ? (int)count : Retry("write");
            }
        }
    }

    /// <summary>After a failure nothing written since the last success may be trusted, whatever a later call says.</summary>
    public void SyncData()
    {
        if (fdatasync(_handle) != 0)
        {
            throw Failure("fdatasync");
        }
    }

    /// <summary>
    /// Has what was synced read from the disk again, not from memory: after a failed write-back the kernel keeps pages that never arrived
    /// (posix_fadvise(2), POSIX_FADV_DONTNEED). As far as the kernel follows the advice.
    /// </summary>
    public void DropCache()
    {
        const int dontNeed = 4;
        if (posix_fadvise(_handle, 0, 0, dontNeed) is var errno and not 0)
        {
            throw LinuxError.Of($"fadvise {Path}", errno);
        }
    }

    public void Truncate(long length)
    {
        if (ftruncate(_handle, length) != 0)
        {
            throw Failure("truncate");
        }
    }

    public void Dispose() => _handle.Dispose();

    private static BlockFile Open(string path, int flags)
    {
        var handle = open(path, FileDescriptors.ReadWrite | FileDescriptors.CloseOnExec | flags, 0x180);
        if (!handle.IsInvalid)
        {
            return new BlockFile(path, handle);
        }

        var errno = Marshal.GetLastPInvokeError();
        handle.Dispose();
        throw errno == LinuxError.NoEntry ? new FileNotFoundException($"there is no {path}", path) : LinuxError.Of("open " + path, errno);
    }

    private int Retry(string what) => Marshal.GetLastPInvokeError() == LinuxError.Interrupted ? 0 : throw Failure(what);

    private IOException Failure(string what) => LinuxError.Last($"{what} {Path}");

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint pread(SafeFileHandle fd, byte* buffer, nint count, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint pwrite(SafeFileHandle fd, byte* buffer, nint count, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fdatasync(SafeFileHandle fd);

    [LibraryImport("libc")]
    private static partial int posix_fadvise(SafeFileHandle fd, long offset, long length, int advice);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ftruncate(SafeFileHandle fd, long length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long lseek(SafeFileHandle fd, long offset, int whence);
}
