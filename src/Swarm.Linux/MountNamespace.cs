using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Swarm.Linux;

/// <summary>mount(2), umount2(2) and unshare(2), as far as the engine needs them for a private view of the mounts.</summary>
public static partial class MountNamespace
{
    private const int NewMountNamespace = 0x20000, ShareNoFileSystem = 0x200, DetachLazily = 2;
    private const nuint ReadOnly = 1, Remount = 32, Bind = 4096, Recursive = 16384, Private = 1 << 18, Slave = 1 << 19, Shared = 1 << 20;

    /// <summary>
    /// The calling thread gets its own copy of all mounts, which hears of later mounts of the host where those are shared but tells it nothing.
    /// For good: the thread must be one that nothing else uses.
    /// </summary>
    public static void Enter()
    {
        if (unshare(ShareNoFileSystem) != 0 || unshare(NewMountNamespace) != 0)
        {
            throw LinuxError.Last("unshare(CLONE_NEWNS)");
        }

        Mount(null, "/", Recursive | Slave);
    }

    /// <summary>As <see cref="Enter"/>, but what the host mounts and unmounts later is not seen either: the copy stays as it is.</summary>
    public static void EnterIsolated()
    {
        Enter();
        Mount(null, "/", Recursive | Private);
    }

    /// <summary>Shows <paramref name="source"/>, with what is mounted below it, at a place that is held open.</summary>
    public static void BindOver(string source, SafeFileHandle target) => Mount(source, PathOf(target), Bind | Recursive);

    /// <summary>Shows a folder that is held open, with what is mounted below it, at another, which exists.</summary>
    public static void BindFolder(SafeFileHandle source, string target) => Mount(PathOf(source), target, Bind | Recursive);

    /// <summary>Shows a file at the place of another, which exists.</summary>
    public static void BindFile(string source, string target) => Mount(source, target, Bind);

    /// <summary>A file system of the kernel's own making, such as tmpfs, with options as mount(8) takes them.</summary>
    public static void MountNew(string type, string source, string target, string options)
    {
        const nuint noSuid = 2, noDevices = 4, noExec = 8;
        var data = Marshal.StringToCoTaskMemUTF8(options);
        try
        {
            if (mount(source, target, type, noSuid | noDevices | noExec, data) != 0)
            {
                throw LinuxError.Last("mount " + target);
            }
        }
        finally
        {
            Marshal.FreeCoTaskMem(data);
        }
    }

    /// <summary>mount(8)'s options: those that are flags of mount(2), and the rest as the file system's own.</summary>
    public static void MountWith(string type, string source, string target, IReadOnlyList<string> options)
    {
        nuint flags = 0;
        List<string> own = [];
        foreach (var option in options)
        {
            switch (option)
            {
                case "defaults" or "rw" or "suid" or "dev" or "exec" or "async": break;
                case "ro": flags |= ReadOnly; break;
                case "nosuid": flags |= 2; break;
                case "nodev": flags |= 4; break;
                case "noexec": flags |= 8; break;
                case "sync": flags |= 16; break;
                case "noatime": flags |= 1024; break;
                case "nodiratime": flags |= 2048; break;
                case "bind": flags |= Bind; break;
                case "rbind": flags |= Bind | Recursive; break;
                case "relatime": flags |= 1 << 21; break;
                default: own.Add(option); break;
            }
        }

        var data = Marshal.StringToCoTaskMemUTF8(string.Join(',', own));
        try
        {
            if (mount(source, target, type, flags, data) != 0)
            {
                throw LinuxError.Last("mount " + target);
            }

            // A bind mount takes its flags only when it is mounted once more.
            const nuint remountable = ReadOnly | 2 | 4 | 8;
            if ((flags & Bind) != 0 && (flags & remountable) != 0 && mount(null, target, null, Bind | Remount | (flags & remountable), 0) != 0)
            {
                throw LinuxError.Last("mount " + target);
            }
        }
        finally
        {
            Marshal.FreeCoTaskMem(data);
        }
    }

    /// <summary>Nothing can be written through the mount that <paramref name="top"/> is the top folder or the file of.</summary>
    public static void MakeReadOnly(SafeFileHandle top) => Mount(null, PathOf(top), Bind | Remount | ReadOnly);

    /// <summary>Makes <paramref name="path"/> a mount of itself that passes what is mounted below it on to other namespaces.</summary>
    public static void MakeShared(string path)
    {
        Mount(path, path, Bind);
        Mount(null, path, Private);
        Mount(null, path, Shared);
    }

    /// <summary>What is not mounted any more is no failure: a folder that is removed takes its mounts with it, in every namespace.</summary>
    public static void DetachLazy(string path)
    {
        if (umount2(path, DetachLazily) != 0 && Marshal.GetLastPInvokeError() is not (LinuxError.NoEntry or LinuxError.Invalid))
        {
            throw LinuxError.Last("umount " + path);
        }
    }

    private static string PathOf(SafeFileHandle handle) => $"/proc/self/fd/{handle.DangerousGetHandle()}";

    private static void Mount(string? source, string target, nuint flags)
    {
        if (mount(source, target, null, flags, 0) != 0)
        {
            throw LinuxError.Last("mount " + target);
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unshare(int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string? source, string target, string? type, nuint flags, nint data);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int umount2(string target, int flags);
}
