namespace Swarm.Lab.Processes;

/// <summary>Removes the groups that a node's engine made, in every hierarchy that is mounted (cgroups(7)): version 1, version 2 and hybrid alike.</summary>
internal static class CgroupTree
{
    /// <param name="path">Relative to the hierarchies' roots. All processes in it must be gone.</param>
    public static void Remove(string path)
    {
        var roots = MountTable.Read().Where(m => m.Type is "cgroup" or "cgroup2").Select(m => m.Target).Distinct();
        foreach (var folder in roots.Select(root => Path.Combine(root, path)).Where(Directory.Exists))
        {
            foreach (var inner in Directory.EnumerateDirectories(folder, "*", SearchOption.AllDirectories).OrderByDescending(p => p.Length).ToList())
            {
                RemoveOne(inner);
            }

            RemoveOne(folder);
        }
    }

    /// <summary>A group's files are not files: only the folder itself is removed.</summary>
    private static void RemoveOne(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: false);
        }
        catch (DirectoryNotFoundException)
        {
            // Another hierarchy's mount of the same controllers (cpu,cpuacct) had it already.
        }
    }
}
