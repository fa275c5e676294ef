using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Swarm.Engine.Archives;

/// <summary>
/// The *at system calls, by folder descriptor and name in bytes, so that no path is resolved twice. Constants: openat2(2), statx(2),
/// unlinkat(2), linkat(2), mknod(2) and the generic Linux headers.
/// </summary>
internal static unsafe partial class DirectoryCalls
{
    public const int O_WRONLY = 0x1;
    public const int O_CREAT = 0x40;
    public const int O_EXCL = 0x80;
    public const int O_NONBLOCK = 0x800;
    public const int O_CLOEXEC = 0x8_0000;
    public const int O_PATH = 0x20_0000;

    // These two differ between x86 and ARM.
    public static readonly int O_DIRECTORY = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? 0x4000 : 0x1_0000;
    public static readonly int O_NOFOLLOW = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? 0x8000 : 0x2_0000;

    public const int ENOENT = 2;
    public const int EAGAIN = 11;
    public const int EEXIST = 17;
    public const int ENOTDIR = 20;
    public const int EISDIR = 21;
    public const int ENAMETOOLONG = 36;
    public const int ENOTEMPTY = 39;
    public const int ELOOP = 40;
    public const int ENODATA = 61;
    public const int EOPNOTSUPP = 95;

    public const int S_IFMT = 0xF000;
    public const int S_IFIFO = 0x1000;
    public const int S_IFCHR = 0x2000;
    public const int S_IFDIR = 0x4000;
    public const int S_IFBLK = 0x6000;
    public const int S_IFREG = 0x8000;
    public const int S_IFLNK = 0xA000;

    private const int AT_SYMLINK_NOFOLLOW = 0x100;
    private const int AT_REMOVEDIR = 0x200;
    private const int AT_EMPTY_PATH = 0x1000;
    private const uint STATX_BASIC_STATS_AND_MNT_ID = 0x17FF;
    private const long SYS_openat2 = 437;
    private const ulong RESOLVE_NO_MAGICLINKS = 0x02;
    private const ulong RESOLVE_IN_ROOT = 0x10;
    private const int PathMax = 4096;

    /// <summary>openat2(2) answers EAGAIN when a rename crossed its walk of "..".</summary>
    private const int MaxWalks = 32;

    [StructLayout(LayoutKind.Sequential)]
    public struct StatxTime
    {
        public long Seconds;
        public uint Nanoseconds;
        private readonly int _reserved;
    }

    [StructLayout(LayoutKind.Sequential, Size = 256)]
    public struct Stat
    {
        public uint Mask;
        public uint BlockSize;
        public ulong Attributes;
        public uint Links;
        public uint Uid;
        public uint Gid;
        public ushort Mode;
        private readonly ushort _spare;
        public ulong Inode;
        public ulong Size;
        public ulong Blocks;
        public ulong AttributesMask;
        public StatxTime Accessed;
        public StatxTime Born;
        public StatxTime Changed;
        public StatxTime Modified;
        public uint DeviceMajor;
        public uint DeviceMinor;
        public uint OnDeviceMajor;
        public uint OnDeviceMinor;

        /// <summary>Linux 5.8 and later; 0 before.</summary>
        public ulong MountId;

        public readonly int Kind => Mode & S_IFMT;
    }

    /// <summary>Opens the folder at the top of a tree, where the caller knows the path to be its own.</summary>
    public static SafeFileHandle OpenRoot(string path) => TryOpenRoot(path) ?? throw Failure("open", Encoding.UTF8.GetBytes(path));

    /// <returns>Null if there is no such folder.</returns>
    public static SafeFileHandle? TryOpenRoot(string path)
    {
        var handle = open(path, O_DIRECTORY | O_CLOEXEC, 0);
        return !handle.IsInvalid ? handle
            : Marshal.GetLastPInvokeError() == ENOENT ? null
            : throw Failure("open", Encoding.UTF8.GetBytes(path));
    }

    /// <summary>
    /// openat2(2): resolves as if <paramref name="root"/> were "/", so that no "..", absolute link or race leads out. Null with
    /// <paramref name="errno"/> if it cannot.
    /// </summary>
    public static SafeFileHandle? OpenInRoot(SafeFileHandle root, ReadOnlySpan<byte> path, int flags, out int errno)
    {
        var buffer = stackalloc byte[PathMax];
        var how = stackalloc ulong[3];
        how[0] = (ulong)(uint)(flags | O_CLOEXEC);
        how[1] = 0;
        how[2] = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
        if (!Terminate(path.IsEmpty ? "."u8 : path, buffer))
        {
            errno = ENAMETOOLONG;
            return null;
        }

        for (var walk = 0; ; walk++)
        {
            var fd = syscall(SYS_openat2, root, buffer, how, sizeof(ulong) * 3);
            errno = fd < 0 ? Marshal.GetLastPInvokeError() : 0;
            if (fd >= 0)
            {
                return new SafeFileHandle((nint)fd, ownsHandle: true);
            }

            if (errno != EAGAIN || walk == MaxWalks)
            {
                return null;
            }
        }
    }

    /// <summary>openat(2) of one name in a folder, never through a symbolic link. Null with <paramref name="errno"/> if it cannot.</summary>
    public static SafeFileHandle? OpenAt(SafeFileHandle folder, ReadOnlySpan<byte> name, int flags, out int errno)
    {
        var buffer = stackalloc byte[PathMax];
        var handle = openat(folder, Terminated(name, buffer), flags | O_NOFOLLOW | O_CLOEXEC, 0x180);
        errno = handle.IsInvalid ? Marshal.GetLastPInvokeError() : 0;
        return handle.IsInvalid ? null : handle;
    }

    /// <summary>Like lstat(2). False if there is no such name.</summary>
    public static bool TryStat(SafeFileHandle folder, ReadOnlySpan<byte> name, out Stat stat)
    {
        var buffer = stackalloc byte[PathMax];
        if (statx(folder, Terminated(name, buffer), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS_AND_MNT_ID, out stat) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() is ENOENT or ENOTDIR ? false : throw Failure("stat", name);
    }

    public static Stat StatOf(SafeFileHandle file)
    {
        byte empty = 0;
        return statx(file, &empty, AT_EMPTY_PATH, STATX_BASIC_STATS_AND_MNT_ID, out var stat) == 0 ? stat : throw Failure("stat", default);
    }

    /// <summary>Answers 0 or EEXIST.</summary>
    public static int MakeDirectory(SafeFileHandle folder, ReadOnlySpan<byte> name)
    {
        var buffer = stackalloc byte[PathMax];
        return Expect(mkdirat(folder, Terminated(name, buffer), 0x1C0), EEXIST, "mkdir", name);
    }

    /// <inheritdoc cref="MakeDirectory"/>
    public static int MakeNode(SafeFileHandle folder, ReadOnlySpan<byte> name, int kind, uint major, uint minor)
    {
        var buffer = stackalloc byte[PathMax];
        var device = (minor & 0xFFUL) | ((major & 0xFFFUL) << 8) | ((minor & ~0xFFUL) << 12) | ((major & ~0xFFFUL) << 32);
        return Expect(mknodat(folder, Terminated(name, buffer), (uint)kind | 0x180, device), EEXIST, "mknod", name);
    }

    /// <inheritdoc cref="MakeDirectory"/>
    public static int MakeSymbolicLink(SafeFileHandle folder, ReadOnlySpan<byte> name, ReadOnlySpan<byte> target)
    {
        var buffer = stackalloc byte[PathMax];
        var targetBuffer = stackalloc byte[PathMax];
        return Expect(symlinkat(Terminated(target, targetBuffer), folder, Terminated(name, buffer)), EEXIST, "symlink", name);
    }

    /// <inheritdoc cref="MakeDirectory"/>
    public static int MakeHardLink(SafeFileHandle fromFolder, ReadOnlySpan<byte> from, SafeFileHandle folder, ReadOnlySpan<byte> name)
    {
        var buffer = stackalloc byte[PathMax];
        var fromBuffer = stackalloc byte[PathMax];
        return Expect(linkat(fromFolder, Terminated(from, fromBuffer), folder, Terminated(name, buffer), 0), EEXIST, "link", name);
    }

    /// <summary>Answers 0 or the errno.</summary>
    public static int Unlink(SafeFileHandle folder, ReadOnlySpan<byte> name, bool directory)
    {
        var buffer = stackalloc byte[PathMax];
        return unlinkat(folder, Terminated(name, buffer), directory ? AT_REMOVEDIR : 0) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    public static void Rename(SafeFileHandle fromFolder, ReadOnlySpan<byte> from, SafeFileHandle folder, ReadOnlySpan<byte> name)
    {
        var buffer = stackalloc byte[PathMax];
        var fromBuffer = stackalloc byte[PathMax];
        Check(renameat(fromFolder, Terminated(from, fromBuffer), folder, Terminated(name, buffer)), "rename", from);
    }

    public static byte[] ReadLink(SafeFileHandle folder, ReadOnlySpan<byte> name)
    {
        var buffer = stackalloc byte[PathMax];
        var target = stackalloc byte[PathMax];
        var length = readlinkat(folder, Terminated(name, buffer), target, PathMax);
        return length >= 0 ? new ReadOnlySpan<byte>(target, (int)length).ToArray() : throw Failure("readlink", name);
    }

    public static void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> name)
    {
        fixed (byte* start = bytes)
        {
            for (var at = 0; at < bytes.Length;)
            {
                var written = write(file, start + at, bytes.Length - at);
                if (written < 0)
                {
                    throw Failure("write", name);
                }

                at += (int)written;
            }
        }
    }

    /// <summary>0 at the end of the file.</summary>
    public static int Read(SafeFileHandle file, Span<byte> bytes, ReadOnlySpan<byte> name)
    {
        fixed (byte* start = bytes)
        {
            var length = read(file, start, bytes.Length);
            return length >= 0 ? (int)length : throw Failure("read", name);
        }
    }

    /// <summary>Goes on behind a hole of so many bytes; answers where (lseek(2)).</summary>
    public static long Skip(SafeFileHandle file, long bytes, ReadOnlySpan<byte> name)
    {
        const int current = 1;
        var position = lseek(file, bytes, current);
        return position >= 0 ? position : throw Failure("seek", name);
    }

    public static void SetLength(SafeFileHandle file, long length, ReadOnlySpan<byte> name) => Check(ftruncate(file, length), "truncate", name);

    public static void ChangeOwner(SafeFileHandle file, uint uid, uint gid, ReadOnlySpan<byte> name) =>
        Check(fchown(file, uid, gid), "chown", name);

    public static void ChangeOwnerAt(SafeFileHandle folder, ReadOnlySpan<byte> name, uint uid, uint gid)
    {
        var buffer = stackalloc byte[PathMax];
        Check(fchownat(folder, Terminated(name, buffer), uid, gid, AT_SYMLINK_NOFOLLOW), "chown", name);
    }

    public static void ChangeMode(SafeFileHandle file, int mode, ReadOnlySpan<byte> name) => Check(fchmod(file, (uint)mode), "chmod", name);

    /// <summary>For what cannot be opened (devices, pipes): through the descriptor's own link, because fchmodat(2) follows symbolic links.</summary>
    public static void ChangeModeAt(SafeFileHandle folder, ReadOnlySpan<byte> name, int mode)
    {
        using var handle = OpenAt(folder, name, O_PATH, out _) ?? throw Failure("open", name);
        Check(chmod(DescriptorPath(handle), (uint)mode), "chmod", name);
    }

    public static void SetTime(SafeFileHandle file, TarTime time, ReadOnlySpan<byte> name)
    {
        var times = stackalloc long[4] { time.Seconds, time.Nanoseconds, time.Seconds, time.Nanoseconds };
        Check(futimens(file, times), "utime", name);
    }

    public static void SetTimeAt(SafeFileHandle folder, ReadOnlySpan<byte> name, TarTime time)
    {
        var buffer = stackalloc byte[PathMax];
        var times = stackalloc long[4] { time.Seconds, time.Nanoseconds, time.Seconds, time.Nanoseconds };
        Check(utimensat(folder, Terminated(name, buffer), times, AT_SYMLINK_NOFOLLOW), "utime", name);
    }

    /// <summary>The names in a folder, without "." and "..", in the order of the file system. Reads from the descriptor's position.</summary>
    public static List<byte[]> Names(SafeFileHandle folder)
    {
        const int headerSize = 19;
        var names = new List<byte[]>();
        var buffer = stackalloc byte[32 * 1024];
        while (true)
        {
            var length = getdents64(folder, buffer, 32 * 1024);
            if (length == 0 || (length < 0 && Marshal.GetLastPInvokeError() == ENOENT)) // the end, or the folder was removed
            {
                return names;
            }

            if (length < 0)
            {
                throw Failure("getdents", default);
            }

            for (var at = 0; at < length; at += *(ushort*)(buffer + at + 16))
            {
                var name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(buffer + at + headerSize);
                if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
                {
                    names.Add(name.ToArray());
                }
            }
        }
    }

    /// <summary>A path that leads to exactly what the descriptor holds, for calls that know only paths.</summary>
    public static string DescriptorPath(SafeFileHandle handle) => $"/proc/self/fd/{handle.DangerousGetHandle()}";

    /// <summary>Everything written to the file system that holds the folder reaches the disk: syncfs(2).</summary>
    public static void SyncFileSystem(SafeFileHandle folder) => Check(syncfs(folder), "syncfs", default);

    public static IOException Failure(string what, ReadOnlySpan<byte> name) => Failure(what, name, Marshal.GetLastPInvokeError());

    public static IOException Failure(string what, ReadOnlySpan<byte> name, int errno) =>
        new($"{what} {Encoding.UTF8.GetString(name)}: {Marshal.GetPInvokeErrorMessage(errno)}", errno);

    private static int Expect(int result, int expected, string what, ReadOnlySpan<byte> name)
    {
        if (result == 0)
        {
            return 0;
        }

        return Marshal.GetLastPInvokeError() == expected ? expected : throw Failure(what, name);
    }

    private static void Check(int result, string what, ReadOnlySpan<byte> name)
    {
        if (result != 0)
        {
            throw Failure(what, name);
        }
    }

    private static byte* Terminated(ReadOnlySpan<byte> name, byte* buffer) =>
        Terminate(name, buffer) ? buffer : throw Failure("open", name, ENAMETOOLONG);

    private static bool Terminate(ReadOnlySpan<byte> name, byte* buffer)
    {
        if (name.Length >= PathMax)
        {
            return false;
        }

        name.CopyTo(new Span<byte>(buffer, PathMax));
        buffer[name.Length] = 0;
        return true;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle open(string path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial SafeFileHandle openat(SafeFileHandle folder, byte* name, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, SafeFileHandle folder, byte* path, ulong* how, nint size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int statx(SafeFileHandle folder, byte* name, int flags, uint mask, out Stat stat);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mkdirat(SafeFileHandle folder, byte* name, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mknodat(SafeFileHandle folder, byte* name, uint mode, ulong device);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int symlinkat(byte* target, SafeFileHandle folder, byte* name);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int linkat(SafeFileHandle fromFolder, byte* from, SafeFileHandle folder, byte* name, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unlinkat(SafeFileHandle folder, byte* name, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int renameat(SafeFileHandle fromFolder, byte* from, SafeFileHandle folder, byte* name);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint readlinkat(SafeFileHandle folder, byte* name, byte* buffer, nint size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(SafeFileHandle file, byte* bytes, nint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(SafeFileHandle file, byte* bytes, nint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long lseek(SafeFileHandle file, long offset, int whence);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ftruncate(SafeFileHandle file, long length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchown(SafeFileHandle file, uint uid, uint gid);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchownat(SafeFileHandle folder, byte* name, uint uid, uint gid, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchmod(SafeFileHandle file, uint mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chmod(string path, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int futimens(SafeFileHandle file, long* times);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int utimensat(SafeFileHandle folder, byte* name, long* times, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint getdents64(SafeFileHandle folder, byte* buffer, nint size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int syncfs(SafeFileHandle file);
}
