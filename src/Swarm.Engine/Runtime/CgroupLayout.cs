namespace Swarm.Engine.Runtime;

public enum CgroupMode { V1, Hybrid, V2 }

/// <summary>How this machine mounts control groups (cgroups(7)).</summary>
/// <param name="UnifiedHasControllers">Hybrid only: a controller lives in the unified tree, which crun does not understand.</param>
/// <param name="LimitsSwap">Swap can be limited.</param>
public sealed record CgroupLayout(CgroupMode Mode, bool UnifiedHasControllers, bool LimitsSwap)
{
    public const string Root = "/sys/fs/cgroup", Unified = Root + "/unified";

    public static CgroupLayout Detect()
    {
        if (File.Exists(Root + "/cgroup.controllers"))
        {
            return new CgroupLayout(CgroupMode.V2, false, LimitsSwap: true);
        }

        var controllers = Unified + "/cgroup.controllers";
        var swap = File.Exists(Root + "/memory/memory.memsw.limit_in_bytes");
        return File.Exists(controllers)
            ? new CgroupLayout(CgroupMode.Hybrid, File.ReadAllText(controllers).Trim().Length > 0, swap)
            : new CgroupLayout(CgroupMode.V1, false, swap);
    }

    /// <summary>Containers' block I/O can be weighed against each other.</summary>
    public bool WeighsBlockIo => Mode == CgroupMode.V2
        ? File.ReadAllText(Root + "/cgroup.controllers").Split(' ', '\n').Contains("io")
        : File.Exists(Root + "/blkio/blkio.weight");

    /// <summary>Every folder that a control group has. The shim asks, which knows the machine only by what it sees itself.</summary>
    /// <param name="memberships">The lines of /proc/self/cgroup: "N:controllers:path", or "N:name=one:path" for a hierarchy without any.</param>
    public static IEnumerable<string> FoldersOf(string cgroupPath, IEnumerable<string> memberships)
    {
        const string named = "name=";
        if (File.Exists(Root + "/cgroup.controllers"))
        {
            yield return Root + cgroupPath;
            yield break;
        }

        foreach (var line in memberships)
        {
            var name = line.Split(':')[1];
            yield return name switch
            {
                "" => Unified + cgroupPath,
                _ when name.StartsWith(named, StringComparison.Ordinal) => $"{Root}/{name[named.Length..]}{cgroupPath}",
                _ => $"{Root}/{name}{cgroupPath}",
            };
        }
    }

    /// <summary>A control group's folder for one controller.</summary>
    public string FolderOf(string controller, string cgroupPath) => Mode == CgroupMode.V2 ? Root + cgroupPath : $"{Root}/{controller}{cgroupPath}";

    /// <summary>The file whose "oom_kill" line counts what the kernel killed in a container.</summary>
    public string OomFile(string cgroupPath) => Mode == CgroupMode.V2
        ? Root + cgroupPath + "/memory.events"
        : Root + "/memory" + cgroupPath + "/memory.oom_control";

    /// <summary>The file of "1" if someone froze the group: its own setting, whatever that of the groups above.</summary>
    public string FrozenFile(string cgroupPath) => Mode == CgroupMode.V2
        ? Root + cgroupPath + "/cgroup.freeze"
        : Root + "/freezer" + cgroupPath + "/freezer.self_freezing";

    /// <summary>The file that lists the processes of a container.</summary>
    public string ProcessesFile(string cgroupPath) => Mode == CgroupMode.V2
        ? Root + cgroupPath + "/cgroup.procs"
        : Root + "/pids" + cgroupPath + "/cgroup.procs";
}
