using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Swarm.Engine.Archives;

namespace Swarm.Engine.Layers;

/// <summary>
/// overlayfs by the mount calls of Linux 5.2 and its "lowerdir+" option of 6.5, which have no limit of a page; before that by mount(2).
/// Constants: fsopen(2), fsconfig(2), fsmount(2), move_mount(2), mount(2), umount2(2), linux/mount.h.
/// </summary>
internal static unsafe partial class OverlayMount
{
    private const long SYS_move_mount = 429;
    private const long SYS_fsopen = 430;
    private const long SYS_fsconfig = 431;
    private const long SYS_fsmount = 432;
    private const uint FSOPEN_CLOEXEC = 1;
    private const uint FSMOUNT_CLOEXEC = 1;
    private const uint FSCONFIG_SET_STRING = 1;
    private const uint FSCONFIG_CMD_CREATE = 6;
    private const uint MOVE_MOUNT_F_EMPTY_PATH = 4;
    private const long AT_FDCWD = -100;
    private const int MNT_DETACH = 2;
    private const int UMOUNT_NOFOLLOW = 8;
    private const int ENOENT = 2;
    private const int EINVAL = 22;
    private const int ENOSYS = 38;
    private const ulong STATX_ATTR_MOUNT_ROOT = 0x2000;
    private const int MaxLogLines = 8;

    /// <summary>Space of mount(2) for options: one page.</summary>
    private const int MaxMountOptions = 4096;

    /// <param name="lowers">Highest first, at least one.</param>
    public static void Mount(IReadOnlyList<string> lowers, string upper, string work, string target)
    {
        if (!TryMountByDescriptor(lowers, upper, work, target))
        {
            MountByOptions(lowers, upper, work, target);
        }
    }

    /// <summary>Whether something is mounted right there.</summary>
    public static bool IsMountPoint(string path)
    {
        using var folder = DirectoryCalls.OpenRoot(path);
        return (DirectoryCalls.StatOf(folder).Attributes & STATX_ATTR_MOUNT_ROOT) != 0;
    }

    /// <summary>Nothing happens if nothing is mounted there.</summary>
    public static void Unmount(string path)
    {
        if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && Marshal.GetLastPInvokeError() is not (EINVAL or ENOENT))
        {
            throw Failure($"umount {path}");
        }
    }

    /// <summary>False if this kernel does not know the way.</summary>
    private static bool TryMountByDescriptor(IReadOnlyList<string> lowers, string upper, string work, string target)
    {
        var descriptor = fsopen(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);
        if (descriptor < 0)
        {
            return Marshal.GetLastPInvokeError() == ENOSYS ? false : throw Failure("fsopen overlay");
        }

        using var context = new SafeFileHandle((nint)descriptor, ownsHandle: true);
        for (var i = 0; i < lowers.Count; i++)
        {
            if (!TrySet(context, "lowerdir+", lowers[i]))
            {
                return i == 0 && Marshal.GetLastPInvokeError() == EINVAL ? false : throw Explain(context, $"overlay over {lowers[i]}");
            }
        }

        // The upper folder must say all by itself, so that a commit or a diff can read it.
        foreach (var (key, value) in new[]
        {
            ("upperdir", upper), ("workdir", work), ("redirect_dir", "off"), ("metacopy", "off"), ("index", "off"),
        })
        {
            if (!TrySet(context, key, value))
            {
                throw Explain(context, $"overlay option {key}={value}");
            }
        }

        if (fsconfig(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, null, null, 0) < 0)
        {
            throw Explain(context, $"overlay for {target}");
        }

        var mounted = fsmount(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0);
        if (mounted < 0)
        {
            throw Explain(context, $"fsmount for {target}");
        }

        using var mount = new SafeFileHandle((nint)mounted, ownsHandle: true);
        if (move_mount(SYS_move_mount, mount, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        {
            throw Failure($"move_mount to {target}");
        }

        return true;
    }

    /// <summary>The paths go in as descriptors, which keeps some two hundred layers within the page.</summary>
    private static void MountByOptions(IReadOnlyList<string> lowers, string upper, string work, string target)
    {
        var handles = new List<SafeFileHandle>();
        try
        {
            foreach (var path in (IEnumerable<string>)[upper, work, .. lowers])
            {
                handles.Add(DirectoryCalls.OpenRoot(path));
            }

            var paths = handles.ConvertAll(DirectoryCalls.DescriptorPath);
            var options = $"index=off,upperdir={paths[0]},workdir={paths[1]},lowerdir={string.Join(':', paths.Skip(2))}";
            if (options.Length >= MaxMountOptions)
            {
                throw new IOException($"{lowers.Count} layers are too many for mount(2) on this kernel: use Linux 6.5 or later");
            }

            if (mount("overlay", target, "overlay", 0, options) != 0)
            {
                throw Failure($"mount overlay on {target}");
            }
        }
        finally
        {
            handles.ForEach(handle => handle.Dispose());
        }
    }

    private static bool TrySet(SafeFileHandle context, string key, string value) =>
        fsconfig(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, value, 0) >= 0;

    /// <summary>The kernel's own words about the context, one message per read.</summary>
    private static IOException Explain(SafeFileHandle context, string what)
    {
        var error = Marshal.GetLastPInvokeError();
        var text = new StringBuilder();
        Span<byte> line = stackalloc byte[1024];
        fixed (byte* bytes = line)
        {
            for (var i = 0; i < MaxLogLines && read(context, bytes, line.Length) is > 0 and var length; i++)
            {
                text.Append("; ").Append(Encoding.UTF8.GetString(line[..(int)length]).Trim());
            }
        }

        return new IOException($"{what}: {Marshal.GetPInvokeErrorMessage(error)}{text}", error);
    }

    private static IOException Failure(string what) => new($"{what}: {Marshal.GetLastPInvokeErrorMessage()}", Marshal.GetLastPInvokeError());

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial long fsopen(long number, string type, uint flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial long fsconfig(long number, SafeFileHandle context, uint command, string? key, string? value, long auxiliary);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long fsmount(long number, SafeFileHandle context, uint flags, uint attributes);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial long move_mount(long number, SafeFileHandle from, string fromPath, long toFolder, string toPath, uint flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string source, string target, string type, ulong flags, string options);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int umount2(string target, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(SafeFileHandle file, byte* bytes, nint count);
}
