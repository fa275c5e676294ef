using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;
using Swarm.Linux;

namespace Swarm.Engine.Runtime;

/// <summary>
/// The one thread that starts children for the engine. On a hybrid machine it lives in a mount namespace without the unified control group tree,
/// which crun refuses to work beside; its children, and theirs, inherit that view. The namespace is as persistent as whoever lives in it, and
/// leaves no file behind.
/// </summary>
public sealed class RuntimeThread : IDisposable
{
    private const int MaximumQueue = 4096;
    private readonly BlockingCollection<Action> _work = new(MaximumQueue);
    private readonly Thread _thread;

    /// <param name="hasCrun">Some container may be run by crun; other runtimes do not mind its view.</param>
    /// <param name="sharedPaths">Folders in which mounts made later must be seen by containers: they are made shared mounts.</param>
    /// <exception cref="IOException">The private view could not be made.</exception>
    public RuntimeThread(CgroupLayout layout, bool hasCrun, IReadOnlyList<string> sharedPaths)
    {
        var isPrivate = hasCrun && layout is { Mode: CgroupMode.Hybrid, UnifiedHasControllers: true };
        if (isPrivate)
        {
            foreach (var path in sharedPaths.Where(p => !IsSharedMount(p)))
            {
                MountNamespace.MakeShared(path);
            }
        }

        var entered = new TaskCompletionSource();
        _thread = new Thread(() => Loop(isPrivate, entered)) { IsBackground = true, Name = "runtime" };
        _thread.Start();
        entered.Task.GetAwaiter().GetResult();
    }

    /// <summary>Runs something short on the thread.</summary>
    public Task<T> InvokeAsync<T>(Func<T> action)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                done.SetResult(action());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    /// <summary>For what is run on this thread.</summary>
    internal SealedRuntimes Copies { get; } = new();

    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        Copies.Dispose();
        _work.Dispose();
    }

    /// <summary>proc_pid_mountinfo(5): the fifth field is the mount point, and "shared:N" is among the optional ones.</summary>
    private static bool IsSharedMount(string path)
    {
        var wanted = Path.GetFullPath(path);
        return File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' '))
            .Any(fields => fields[4] == wanted && fields.Skip(6).TakeWhile(f => f != "-").Any(f => f.StartsWith("shared:", StringComparison.Ordinal)));
    }

    /// <summary>
    /// Puts a folder with the old hierarchies alone in the place of all. It is not enough to unmount the unified one: crun makes a folder for each container in
    /// what is left of it, and never removes it.
    /// </summary>
    private static void ShowControllersOnly()
    {
        var links = new List<(string Path, string Target)>();
        var folders = new List<(string Path, SafeFileHandle Handle)>();
        foreach (var path in Directory.GetDirectories(CgroupLayout.Root).Where(path => path != CgroupLayout.Unified))
        {
            if (new DirectoryInfo(path).LinkTarget is { } target)
            {
                links.Add((path, target)); // cpu is a link to cpu,cpuacct where the two are one
            }
            else
            {
                folders.Add((path, new SafeFileHandle(FileDescriptors.Open(path, FileDescriptors.PathOnly | FileDescriptors.Directory), ownsHandle: true)));
            }
        }

        MountNamespace.MountNew("tmpfs", "tmpfs", CgroupLayout.Root, "mode=755");
        foreach (var (path, handle) in folders)
        {
            using (handle)
            {
                Directory.CreateDirectory(path);
                MountNamespace.BindFolder(handle, path);
            }
        }

        foreach (var (path, target) in links)
        {
            Directory.CreateSymbolicLink(path, target);
        }
    }

    private void Loop(bool isPrivate, TaskCompletionSource entered)
    {
        try
        {
            if (isPrivate)
            {
                MountNamespace.Enter();
                ShowControllersOnly();
            }

            entered.SetResult();
        }
        catch (IOException e)
        {
            entered.SetException(e);
            return;
        }

        foreach (var action in _work.GetConsumingEnumerable())
        {
            action();
        }
    }
}
