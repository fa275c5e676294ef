using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Swarm.Linux;

public sealed partial class NetworkNamespace
{
    private static unsafe partial class Native
    {
        private const int OpenReadOnlyCloseOnExec = 0x80000; // O_RDONLY | O_CLOEXEC, open(2)
        private const int CloneNewNet = 0x40000000; // CLONE_NEWNET, unshare(2), setns(2)
        private const nuint MountBind = 0x1000; // MS_BIND, mount(2)
        private const int UnmountDetach = 2; // MNT_DETACH, umount2(2)
        private const long NamespaceMagic = 0x6e736673; // NSFS_MAGIC, statfs(2)
        private const int StatfsBytes = 256; // struct statfs is 120 bytes on 64-bit Linux; f_type is its first long

        public static SafeFileHandle OpenNamespace(string path)
        {
            var handle = open(path, OpenReadOnlyCloseOnExec);
            return handle.IsInvalid ? throw Failure("open " + path) : handle;
        }

        public static void Unshare() => Check(unshare(CloneNewNet), "unshare a network namespace");

        public static void Enter(SafeFileHandle handle) => Check(setns(handle, CloneNewNet), "enter a network namespace");

        public static void BindThreadNamespace(string path) =>
            Check(mount("/proc/thread-self/ns/net", path, "none", MountBind, 0), "bind a network namespace to " + path);

        public static void Unmount(string path) => Check(umount2(path, UnmountDetach), "unbind " + path);

        public static bool IsNamespaceFile(string path)
        {
            var buffer = stackalloc long[StatfsBytes / sizeof(long)];
            Check(statfs(path, buffer), "statfs " + path);
            return buffer[0] == NamespaceMagic;
        }

        private static void Check(int result, string what)
        {
            if (result != 0)
            {
                throw Failure(what);
            }
        }

        private static IOException Failure(string what)
        {
            var errno = Marshal.GetLastPInvokeError();
            return new IOException($"{what}: {Marshal.GetPInvokeErrorMessage(errno)}", errno);
        }

        [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        private static partial SafeFileHandle open(string path, int flags);

        [LibraryImport("libc", SetLastError = true)]
        private static partial int unshare(int flags);

        [LibraryImport("libc", SetLastError = true)]
        private static partial int setns(SafeFileHandle fd, int type);

        [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        private static partial int mount(string source, string target, string type, nuint flags, nint data);

        [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        private static partial int umount2(string target, int flags);

        [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        private static partial int statfs(string path, long* buffer);
    }
}
