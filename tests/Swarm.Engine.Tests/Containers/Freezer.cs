namespace Swarm.Engine.Tests.Containers;

/// <summary>The freezer of a process's control group (cgroups(7)), past the engine.</summary>
internal static class Freezer
{
    public static bool IsFrozen(int pid) => File.ReadAllText(FileOf(pid, out _)).Trim() is "FROZEN" or "1";

    public static void Set(int pid, bool frozen)
    {
        var file = FileOf(pid, out var isV1);
        File.WriteAllText(file, (isV1, frozen) switch
        {
            (true, true) => "FROZEN",
            (true, false) => "THAWED",
            (false, true) => "1",
            (false, false) => "0",
        });
    }

    private static string FileOf(int pid, out bool isV1)
    {
        var groups = File.ReadAllLines($"/proc/{pid}/cgroup");
        var first = groups.FirstOrDefault(line => line.Contains(":freezer:", StringComparison.Ordinal));
        isV1 = first is not null;
        return isV1
            ? $"/sys/fs/cgroup/freezer{first!.Split(':')[2]}/freezer.state"
            : $"/sys/fs/cgroup{groups.First(line => line.StartsWith("0::", StringComparison.Ordinal)).Split(':')[2]}/cgroup.freeze";
    }
}
