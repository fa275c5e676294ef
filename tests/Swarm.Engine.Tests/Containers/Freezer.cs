namespace Swarm.Engine.Tests.Containers;

/// <summary>The freezer of a process's control group (cgroups(7)), past the engine.</summary>
internal static class Freezer
{
    /// <summary>Someone asked for it: the group's last process may just be coming to rest.</summary>
    public static bool IsFrozen(int pid) => File.ReadAllText(FolderOf(pid, out var isV1) + (isV1 ? "/freezer.self_freezing" : "/cgroup.freeze")).Trim() == "1";

    public static void Set(int pid, bool frozen)
    {
        var folder = FolderOf(pid, out var isV1);
        File.WriteAllText(folder + (isV1 ? "/freezer.state" : "/cgroup.freeze"), (isV1, frozen) switch
        {
            (true, true) => "FROZEN",
            (true, false) => "THAWED",
            (false, true) => "1",
            (false, false) => "0",
        });
    }

    private static string FolderOf(int pid, out bool isV1)
    {
        var groups = File.ReadAllLines($"/proc/{pid}/cgroup");
        var first = groups.FirstOrDefault(line => line.Contains(":freezer:", StringComparison.Ordinal));
        isV1 = first is not null;
        return isV1
            ? "/sys/fs/cgroup/freezer" + first!.Split(':')[2]
            : "/sys/fs/cgroup" + groups.First(line => line.StartsWith("0::", StringComparison.Ordinal)).Split(':')[2];
    }
}
