namespace Swarm.Engine.Shim;

/// <summary>
/// Whether the kernel killed anything of a control group for want of memory: the "oom_kill N" line of memory.events (v2) or memory.oom_control (v1).
/// </summary>
internal static class OomKills
{
    private const string Prefix = "oom_kill ";

    public static bool Any(string file)
    {
        if (file.Length == 0 || !File.Exists(file))
        {
            return false;
        }

        var line = File.ReadAllText(file).Split('\n').FirstOrDefault(l => l.StartsWith(Prefix, StringComparison.Ordinal));
        return line is not null && line.AsSpan(Prefix.Length).Trim() is not "0";
    }
}
