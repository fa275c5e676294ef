using System.Runtime.ExceptionServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Swarm.Engine.Archives;
using Swarm.Engine.Containers;
using Swarm.Linux;

namespace Swarm.Engine.Files;

/// <summary>
/// A container's files as `docker cp` sees them, running or not: its root with its volumes and bound folders, without what only its processes
/// have (tmpfs, /proc). It lives in a mount namespace of its own, which nothing but descriptors leads into: every path is resolved by openat2(2)
/// below <see cref="Root"/>, so that no link that the container makes, at whatever moment, leads to the host.
/// </summary>
internal sealed class ContainerView : IDisposable
{
    private readonly SafeFileHandle _namespace;

    private ContainerView(SafeFileHandle root, SafeFileHandle mounts) => (Root, _namespace) = (root, mounts);

    public SafeFileHandle Root { get; }

    /// <param name="rootfs">The mounted root; it must stay mounted until the view is disposed.</param>
    /// <exception cref="IOException">The kernel's refusal.</exception>
    public static ContainerView Open(string rootfs, bool readOnlyRoot, IEnumerable<MountPoint> mounts)
    {
        ContainerView? view = null;
        ExceptionDispatchInfo? failure = null;

        // A thread that unshared its mounts can never be used for anything else: it is made for this and ends with it.
        var thread = new Thread(() =>
        {
            try
            {
                view = Make(rootfs, readOnlyRoot, mounts);
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        })
        { IsBackground = true, Name = "container view" };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return view!;
    }

    public void Dispose()
    {
        Root.Dispose();
        _namespace.Dispose();
    }

    private static ContainerView Make(string rootfs, bool readOnlyRoot, IEnumerable<MountPoint> mounts)
    {
        MountNamespace.EnterIsolated();
        ReleaseOtherRoots(rootfs);
        var root = DirectoryCalls.OpenRoot(rootfs);
        try
        {
            if (readOnlyRoot)
            {
                // A mount of its own, whatever it was: only a mount can be made read-only.
                MountNamespace.BindOver(rootfs, root);
                root.Dispose();
                root = DirectoryCalls.OpenRoot(rootfs);
            }

            foreach (var mount in mounts.Where(m => m.Kind != MountKind.Tmpfs && Path.Exists(m.Source)).OrderBy(m => m.Destination.Count(c => c == '/')))
            {
                Bind(root, mount);
            }

            if (readOnlyRoot)
            {
                MountNamespace.MakeReadOnly(root);
            }

            return new ContainerView(root, new SafeFileHandle(FileDescriptors.Open("/proc/thread-self/ns/mnt", FileDescriptors.ReadOnly), ownsHandle: true));
        }
        catch
        {
            root.Dispose();
            throw;
        }
    }

    private static void Bind(SafeFileHandle root, MountPoint mount)
    {
        var path = Encoding.UTF8.GetBytes(mount.Destination);
        using var part = mount.Subpath.Length == 0 ? null : RootedPath.Open(mount.Source, mount.Subpath, FileDescriptors.PathOnly);
        if (mount.Subpath.Length > 0 && part is null)
        {
            return;
        }

        var source = part is null ? mount.Source : $"/proc/self/fd/{part.DangerousGetHandle()}";
        using (var target = RootedFolders.OpenOrMake(root, path, isFolder: Directory.Exists(source)))
        {
            MountNamespace.BindOver(source, target);
        }

        if (mount.ReadOnly)
        {
            using var top = DirectoryCalls.OpenInRoot(root, path, DirectoryCalls.O_PATH, out var errno) ?? throw DirectoryCalls.Failure("open", path, errno);
            MountNamespace.MakeReadOnly(top);
        }
    }

    /// <summary>This copy of all mounts must not keep the roots of other containers mounted: they may be started again meanwhile.</summary>
    private static void ReleaseOtherRoots(string rootfs)
    {
        const int mountPoint = 4;
        foreach (var line in File.ReadAllLines("/proc/thread-self/mountinfo").Where(l => l.Contains(" - overlay ", StringComparison.Ordinal)))
        {
            var path = line.Split(' ')[mountPoint];
            if (path != rootfs && path != "/" && Path.GetFileName(path) == Path.GetFileName(rootfs))
            {
                MountNamespace.DetachLazy(path);
            }
        }
    }
}
