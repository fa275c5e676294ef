using System.Diagnostics;
using System.Runtime.InteropServices;
using Swarm.Linux;

namespace Swarm.Lab.Disks;

/// <summary>The file system on a node's disk: mkfs.ext4(8), mount(2), fallocate(2), and the shutdown request of ext4.</summary>
internal static partial class Ext4
{
    public const int NoSpace = 28, InputOutput = 5;

    /// <summary>EXT4_IOC_SHUTDOWN is _IOR('X', 125, __u32); its flag EXT4_GOING_FLAGS_NOLOGFLUSH drops also what the journal had not yet written.</summary>
    private const nuint Shutdown = 0x8004587d;
    private const uint WithoutFlushingTheLog = 2;

    /// <summary>MS_NOATIME: a read must not write.</summary>
    private const nuint NoAccessTimes = 1024;

    /// <summary>
    /// A sparse file with an empty file system. Inode tables and journal are left unwritten, as the file's holes read as zeros; no blocks are
    /// kept back for root, which the daemons are.
    /// </summary>
    /// <exception cref="LabException">mkfs.ext4 is missing or refuses.</exception>
    public static void Make(string image, long bytes)
    {
        using (var file = new FileStream(image, FileMode.Create, FileAccess.Write))
        {
            file.SetLength(bytes);
        }

        string[] arguments =
            ["-q", "-F", "-b", "4096", "-m", "0", "-J", "size=8", "-O", "^resize_inode", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard", image];
        var start = new ProcessStartInfo("mkfs.ext4", arguments) { RedirectStandardError = true };
        try
        {
            using var mkfs = Process.Start(start) ?? throw new LabException("mkfs.ext4 did not start");
            var error = mkfs.StandardError.ReadToEnd();
            mkfs.WaitForExit();
            if (mkfs.ExitCode != 0)
            {
                throw new LabException($"mkfs.ext4 refuses {image}: {error.Trim().ReplaceLineEndings(" ")}");
            }
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            throw new LabException("mkfs.ext4 is missing: install e2fsprogs, or make the lab without --disk", missing);
        }
    }

    /// <summary>Replays the journal first, if the file system was not unmounted.</summary>
    /// <exception cref="IOException">The kernel's refusal.</exception>
    public static void Mount(string device, string folder)
    {
        // noinit_itable: no kernel thread that writes the inode tables behind our back.
        if (mount(device, folder, "ext4", NoAccessTimes, "noinit_itable") != 0)
        {
            throw LinuxError.Last($"mount {device} at {folder}");
        }
    }

    /// <summary>The root folder, held open for <see cref="ShutDown"/>; to be closed soon, for it keeps the file system busy.</summary>
    public static int OpenRoot(string folder) => FileDescriptors.Open(folder, FileDescriptors.ReadOnly | FileDescriptors.Directory);

    /// <summary>From now on nothing reaches the device: what was not yet written is lost, every write and sync fails with EIO until it is mounted anew.</summary>
    /// <exception cref="IOException">The kernel's refusal.</exception>
    public static void ShutDown(int root)
    {
        var flags = WithoutFlushingTheLog;
        if (ioctl(root, Shutdown, ref flags) != 0)
        {
            throw LinuxError.Last("shut a file system down");
        }
    }

    /// <summary>Syncs the root folder and the journal; false: the file system was shut down, or its device fails.</summary>
    public static bool Syncs(string folder)
    {
        int root;
        try
        {
            root = OpenRoot(folder);
        }
        catch (IOException e) when (e.HResult == InputOutput)
        {
            return false;
        }

        try
        {
            return FileDescriptors.Sync(root);
        }
        finally
        {
            FileDescriptors.Close(root);
        }
    }

    /// <summary>Makes a file grow by whole blocks until the kernel says ENOSPC for a single one, and syncs it.</summary>
    /// <exception cref="IOException">Another refusal.</exception>
    public static void FillWith(string path, long largest)
    {
        const int Block = 4096;
        var file = FileDescriptors.Open(path, FileDescriptors.ReadWrite | FileDescriptors.Create, 0x180); // 0600
        try
        {
            var offset = 0L;
            for (var step = Math.Max(largest / Block * Block, Block); step >= Block;)
            {
                if (fallocate(file, 0, offset, step) == 0)
                {
                    offset += step;
                    continue;
                }

                var error = Marshal.GetLastPInvokeError();
                if (error is not (NoSpace or LinuxError.Interrupted))
                {
                    throw LinuxError.Of("fill " + path, error);
                }

                step = error == NoSpace ? step / 2 / Block * Block : step;
            }

            if (!FileDescriptors.Sync(file))
            {
                throw LinuxError.Last("sync " + path);
            }
        }
        finally
        {
            FileDescriptors.Close(file);
        }
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string source, string target, string type, nuint flags, string data);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int descriptor, nuint request, ref uint argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fallocate(int descriptor, int mode, long offset, long length);
}
