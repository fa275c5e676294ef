using Swarm.Lab.Processes;
using Swarm.Linux;

namespace Swarm.Lab.Disks;

/// <summary>A node's own disk: an ext4 in a sparse file beside its data root, where it is mounted while the node is on.</summary>
internal sealed class NodeDisk(LabPaths paths, long bytes, TimeProvider time)
{
    /// <summary>What `up --disk` takes without a number; sparse, so it costs only what is written.</summary>
    public const long DefaultBytes = 512L << 20;

    /// <summary>Below this the journal and a runtime's images have no room.</summary>
    public const long MinBytes = 64L << 20;
    public const long MaxBytes = 64L << 30;

    /// <summary>Disks, and so loop devices, of one lab.</summary>
    public const int MaxPerLab = 16;

    private const string FillerName = ".lab-filler";

    /// <summary>A file system ends within this after its last process and mount, unless somebody else looks into it.</summary>
    private static readonly TimeSpan ReleaseLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ReleasePoll = TimeSpan.FromMilliseconds(5);

    private string Image => Path.Combine(paths.Home, "disk.img");

    private string Filler => Path.Combine(paths.Data, FillerName);

    public bool Mounted => MountTable.Read().Any(m => m.Target == paths.Data && m.Type == "ext4");

    public DiskState State =>
        !Mounted ? DiskState.Off
        : !Ext4.Syncs(paths.Data) ? DiskState.Broken
        : File.Exists(Filler) ? DiskState.Full
        : DiskState.Sound;

    /// <summary>Makes the disk if there is none, and mounts it if it is not. Safe to repeat.</summary>
    /// <exception cref="LabException">mkfs.ext4 or the kernel refuses.</exception>
    public void Attach()
    {
        if (Mounted)
        {
            return;
        }

        Directory.CreateDirectory(paths.Data);
        if (!File.Exists(Image))
        {
            // Under another name until it is whole: a crash here must not leave a file without a file system.
            Ext4.Make(Image + ".new", bytes);
            File.Move(Image + ".new", Image, overwrite: true);
        }

        ShareHome();
        try
        {
            var (device, descriptor) = LoopDevice.Attach(Image);
            try
            {
                Ext4.Mount(device, paths.Data);
            }
            finally
            {
                FileDescriptors.Close(descriptor);
            }
        }
        catch (IOException refused)
        {
            throw new LabException($"cannot mount the disk of {paths.Namespace}: {refused.Message}", refused);
        }
    }

    /// <summary>Waits until the kernel has let go of a disk that was unmounted: only then may it be mounted again, or its file be deleted.</summary>
    /// <exception cref="LabException">Somebody else uses it.</exception>
    public static void WaitReleased(LabPaths paths, TimeProvider time)
    {
        var start = time.GetTimestamp();
        while (LoopDevice.Over(paths.Home) is { Count: > 0 } left)
        {
            if (time.GetElapsedTime(start) > ReleaseLimit)
            {
                throw new LabException($"{string.Join(", ", left)} over {paths.Home} is still in use after {ReleaseLimit.TotalSeconds:0} s: a process outside the lab holds a file of it (lsof finds it)");
            }

            // The last reference is dropped by kernel work that announces its end nowhere.
            Task.Delay(ReleasePoll, time).GetAwaiter().GetResult();
        }
    }

    /// <exception cref="LabException">The node is off, or its disk is broken.</exception>
    public void Fill()
    {
        RequireMounted("filled");
        Wrapped(() => Ext4.FillWith(Filler, bytes), "fill");
    }

    /// <summary>Nothing if it was not filled.</summary>
    /// <exception cref="LabException">The node is off, or its disk is broken.</exception>
    public void Free()
    {
        RequireMounted("freed");
        Wrapped(
            () =>
            {
                File.Delete(Filler);

                // Freed blocks serve again only after the journal's next commit.
                if (!Ext4.Syncs(paths.Data))
                {
                    throw new IOException("it does not sync");
                }
            },
            "free");
    }

    /// <summary>See <see cref="Ext4.ShutDown"/>.</summary>
    public void Break()
    {
        RequireMounted("broken");
        Wrapped(
            () =>
            {
                var root = Ext4.OpenRoot(paths.Data);
                try
                {
                    Ext4.ShutDown(root);
                }
                finally
                {
                    FileDescriptors.Close(root);
                }
            },
            "break");
    }

    /// <summary>The node must be off.</summary>
    public void Discard()
    {
        WaitReleased(paths, time);
        File.Delete(Image);
    }

    /// <summary>
    /// Engines copy all mounts of the machine into views of their own. Only below a shared mount do those copies hear of an unmount: without it
    /// every other node would keep this one's disk in use.
    /// </summary>
    private void ShareHome()
    {
        if (!MountTable.Read().Any(m => m.Target == paths.Home))
        {
            MountNamespace.MakeShared(paths.Home);
        }
    }

    private void RequireMounted(string what)
    {
        if (!Mounted)
        {
            throw new LabException($"the disk of {Path.GetFileName(paths.Home)} cannot be {what}: the node is off");
        }
    }

    private void Wrapped(Action action, string what)
    {
        try
        {
            action();
        }
        catch (IOException refused)
        {
            throw new LabException($"cannot {what} the disk of {Path.GetFileName(paths.Home)}: {refused.Message}", refused);
        }
    }
}
