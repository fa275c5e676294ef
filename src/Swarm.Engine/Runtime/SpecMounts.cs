using System.Globalization;
using Swarm.Engine.Containers;

namespace Swarm.Engine.Runtime;

/// <summary>The mounts of a container in the order in which they are made: the system's, the engine's files, the user's; parents before children.</summary>
internal static class SpecMounts
{
    /// <summary>mount_setattr(2).</summary>
    public static bool KernelHasRecursiveReadOnly { get; } = Environment.OSVersion.Version >= new Version(5, 12);

    private static readonly string[] RecursiveReadOnly = ["rro"];
    private static readonly string[] NoSuidExecDev = ["nosuid", "noexec", "nodev"];

    /// <param name="initPath">Where the container has its init, if it has one.</param>
    public static IReadOnlyList<OciMount> Of(SpecInput input, string initPath)
    {
        IEnumerable<OciMount> init = input.InitProgram.Length > 0 ? [new(initPath, "bind", input.InitProgram, ["bind", "rprivate", "ro"])] : [];
        var user = input.Container.Mounts.Select(ToOci)
            .Concat(init)
            .Concat(input.FileMounts.Select(f => new OciMount(f.Destination, "bind", f.Source, ["rbind", "rprivate", f.ReadOnly ? "ro" : "rw"])))
            .GroupBy(m => m.Destination)
            .Select(g => g.First()) // the user's own mount wins over the engine's file
            .OrderBy(m => m.Destination.Count(c => c == '/'))
            .ToList();
        var taken = user.Select(m => m.Destination).ToHashSet();
        return [.. System(input).Where(m => !taken.Contains(m.Destination)), .. user];
    }

    private static IEnumerable<OciMount> System(SpecInput input)
    {
        yield return new("/proc", "proc", "proc", NoSuidExecDev);
        yield return new("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]);
        yield return new("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]);
        var host = input.Container.HostConfig;
        var access = host.Privileged ? "rw" : "ro";
        yield return new("/sys", "sysfs", "sysfs", [.. NoSuidExecDev, access]);
        yield return new("/sys/fs/cgroup", "cgroup", "cgroup", [.. NoSuidExecDev, host.Privileged || SecurityOptions.Parse(host.SecurityOpt).WritableCgroups ? "rw" : "ro"]);
        if (host.IpcMode == "host")
        {
            yield return Directory.Exists("/dev/mqueue")
                ? new("/dev/mqueue", "bind", "/dev/mqueue", ["rbind", "nosuid", "noexec", "nodev"])
                : new("/dev/mqueue", "mqueue", "mqueue", NoSuidExecDev);
            yield return new("/dev/shm", "bind", "/dev/shm", ["rbind", "nosuid", "noexec", "nodev"]);
            yield break;
        }

        yield return new("/dev/mqueue", "mqueue", "mqueue", NoSuidExecDev);
        if (host.IpcMode == "none")
        {
            yield break;
        }

        if (input.SharedMemory.Length > 0)
        {
            yield return new("/dev/shm", "bind", input.SharedMemory, ["rbind", "nosuid", "noexec", "nodev"]);
            yield break;
        }

        var size = SpecWriter.ShmSize(input.Container.HostConfig).ToString(CultureInfo.InvariantCulture);
        yield return new("/dev/shm", "tmpfs", "shm", [.. NoSuidExecDev, "mode=1777", "size=" + size]);
    }

    private static OciMount ToOci(MountPoint mount) => mount.Kind == MountKind.Tmpfs
        ? new(mount.Destination, "tmpfs", "tmpfs", [.. NoSuidExecDev.Where(o => !mount.TmpfsOptions.Contains(o[2..])), .. mount.TmpfsOptions.Where(o => o != "defaults")])
        : new(mount.Destination, "bind", mount.Source,
        [
            mount.NonRecursive ? "bind" : "rbind",
            mount.Propagation.Length > 0 ? mount.Propagation : "rprivate",
            mount.ReadOnly ? "ro" : "rw",
            .. mount.ReadOnly && !mount.ReadOnlyNonRecursive && KernelHasRecursiveReadOnly ? RecursiveReadOnly : [],
        ]);
}
