namespace Swarm.Commands;

/// <summary>The name that this program was started by. .NET answers the file that runs, which a link to it does not change.</summary>
internal static class CalledAs
{
    /// <summary>By a link (or a copy) named dockerd.</summary>
    public static bool Dockerd()
    {
        var line = File.ReadAllText("/proc/self/cmdline");
        var end = line.IndexOf('\0', StringComparison.Ordinal);
        return Path.GetFileName(end < 0 ? line : line[..end]) == "dockerd";
    }
}
