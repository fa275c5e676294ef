using System.Globalization;

namespace Swarm.Lab.Processes;

/// <summary>
/// A node's share of a processor: the quota of its cgroup, version 1 (cpu.cfs_quota_us) or 2 (cpu.max), see cgroups(7). Containers are in that
/// group anyway; the daemon and its shims are put into one beside them.
/// </summary>
internal static class CpuLimit
{
    /// <summary>Microseconds; the kernel's own default.</summary>
    private const int Period = 100_000;

    private const string Inner = "lab-daemon";

    /// <param name="percent">Of one processor; null: all there is.</param>
    /// <exception cref="LabException">This machine's cgroups do not limit processors.</exception>
    public static void Set(string group, int? percent, IEnumerable<int> daemons)
    {
        var roots = MountTable.Read().Where(m => m.Type is "cgroup" or "cgroup2").Select(m => (m.Target, m.Type)).Distinct().ToList();
        var limited = roots.FirstOrDefault(r => Prepare(r.Target, r.Type, group));
        if (limited.Target is null)
        {
            throw new LabException("this machine has no cgroup that limits processors (cpu.cfs_quota_us or cpu.max)");
        }

        var folder = Path.Combine(limited.Target, group);
        if (limited.Type == "cgroup")
        {
            File.WriteAllText(Path.Combine(folder, "cpu.cfs_quota_us"), Quota(percent, "-1"));
        }
        else
        {
            File.WriteAllText(Path.Combine(folder, "cpu.max"), $"{Quota(percent, "max")} {Period}");
        }

        var inner = Directory.CreateDirectory(Path.Combine(folder, Inner)).FullName;
        foreach (var pid in daemons)
        {
            try
            {
                File.WriteAllText(Path.Combine(inner, "cgroup.procs"), pid.ToString(CultureInfo.InvariantCulture));
            }
            catch (IOException) when (ProcFs.Find(pid) is null or { Dead: true })
            {
                // It ended first.
            }
        }
    }

    internal static string Quota(int? percent, string unlimited) =>
        percent is { } limit ? (Period / 100 * limit).ToString(CultureInfo.InvariantCulture) : unlimited;

    /// <summary>Whether the group, made if need be, has the file that limits it.</summary>
    private static bool Prepare(string root, string type, string group)
    {
        var file = type == "cgroup" ? "cpu.cfs_quota_us" : "cpu.max";
        if (type == "cgroup2")
        {
            var controllers = Path.Combine(root, "cgroup.controllers");
            if (!File.Exists(controllers) || !File.ReadAllText(controllers).Split([' ', '\n']).Contains("cpu"))
            {
                return false;
            }

            // A controller is passed down one level at a time: to the lab's group, then to the node's.
            var lab = Path.GetDirectoryName(group)!;
            Directory.CreateDirectory(Path.Combine(root, lab));
            File.WriteAllText(Path.Combine(root, "cgroup.subtree_control"), "+cpu");
            File.WriteAllText(Path.Combine(root, lab, "cgroup.subtree_control"), "+cpu");
        }
        else if (!Controllers(root).Contains("cpu"))
        {
            return false;
        }

        var folder = Directory.CreateDirectory(Path.Combine(root, group)).FullName;
        return File.Exists(Path.Combine(folder, file));
    }

    /// <summary>Version 1 mounts stand in folders named after their controllers: cpu, or cpu,cpuacct.</summary>
    private static string[] Controllers(string root) => Path.GetFileName(root).Split(',');
}
