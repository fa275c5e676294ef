using System.Globalization;

namespace Swarm.Lab.Processes;

/// <param name="State">One letter: R, S, D, T (stopped), Z (zombie)... (proc_pid_stat(5)).</param>
public sealed record ProcessEntry(ProcessIdentity Identity, int Parent, char State)
{
    /// <summary>It runs no more; at most its parent has not yet asked for its status.</summary>
    public bool Dead => State is 'Z' or 'X';

    public bool Stopped => State == 'T';
}

/// <summary>Reads proc(5). A process may end at any moment, so every read can find nothing.</summary>
public static class ProcFs
{
    public static ProcessEntry? Find(int pid) => ReadText($"/proc/{pid}/stat") is { } stat ? ParseStat(stat) : null;

    /// <summary>The process if it is still the one that was recorded, and not dead.</summary>
    public static ProcessEntry? Find(ProcessIdentity identity) =>
        Find(identity.Pid) is { Dead: false } entry && entry.Identity == identity ? entry : null;

    public static IEnumerable<ProcessEntry> All() =>
        Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? Find(pid) : null)
            .OfType<ProcessEntry>();

    /// <summary>As in `net:[4026531840]`; null if it ended.</summary>
    public static string? NetworkNamespace(int pid)
    {
        try
        {
            return new FileInfo($"/proc/{pid}/ns/net").LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Its path in each cgroup hierarchy (cgroups(7), /proc/pid/cgroup).</summary>
    public static IEnumerable<string> Cgroups(int pid) =>
        ReadText($"/proc/{pid}/cgroup") is { } text
            ? text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(':', 3)).Where(f => f.Length == 3).Select(f => f[2])
            : [];

    /// <summary>Proportional set size in bytes: its own memory and its share of what it shares; null if it ended.</summary>
    public static long? ProportionalSetSize(int pid)
    {
        if (ReadText($"/proc/{pid}/smaps_rollup") is not { } text)
        {
            return null;
        }

        var line = text.Split('\n').FirstOrDefault(l => l.StartsWith("Pss:", StringComparison.Ordinal));
        return line is null ? null : long.Parse(line.AsSpan(4).TrimEnd("kB").Trim(), CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>The command's name stands in parentheses and may itself hold any character, so the fields are counted from the last one.</summary>
    internal static ProcessEntry ParseStat(string stat)
    {
        var pid = int.Parse(stat.AsSpan(0, stat.IndexOf(' ')), CultureInfo.InvariantCulture);
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return new ProcessEntry(
            new ProcessIdentity(pid, ulong.Parse(fields[19], CultureInfo.InvariantCulture)),
            int.Parse(fields[1], CultureInfo.InvariantCulture),
            fields[0][0]);
    }

    private static string? ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
