namespace Swarm.Networking.Bridge;

/// <summary>Kernel settings of the calling thread's network namespace (proc(5), /proc/sys/net).</summary>
internal static class Sysctl
{
    /// <returns>Null: this kernel has no such setting.</returns>
    public static string? Get(string name) => File.Exists("/proc/sys/" + name) ? File.ReadAllText("/proc/sys/" + name).Trim() : null;

    /// <summary>Writes only a different value, so that a host that has it right already may keep /proc/sys read-only.</summary>
    public static void Set(string name, string value)
    {
        var path = "/proc/sys/" + name;
        if (File.ReadAllText(path).Trim() != value)
        {
            File.WriteAllText(path, value);
        }
    }
}
