using System.Globalization;
using System.Text;

namespace Swarm.Engine.Containers;

/// <summary>Rows of `docker top` from proc_pid_stat(5), proc_pid_status(5) and proc_pid_cmdline(5).</summary>
internal static class ProcessTable
{
    public static readonly IReadOnlyList<string> Titles = ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"];
    private const int TicksPerSecond = 100, UserTimeField = 11, SystemTimeField = 12, ParentField = 1, TerminalField = 4;

    /// <summary>Null if the process is gone.</summary>
    public static IReadOnlyList<string>? Row(string pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            var uid = File.ReadLines($"/proc/{pid}/status").First(l => l.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[1];
            var command = Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{pid}/cmdline")).TrimEnd('\0').Replace('\0', ' ');
            var cpu = TimeSpan.FromSeconds((Number(fields[UserTimeField]) + Number(fields[SystemTimeField])) / TicksPerSecond);
            var terminal = Number(fields[TerminalField]) == 0 ? "?" : "pts/" + (Number(fields[TerminalField]) & 0xff).ToString(CultureInfo.InvariantCulture);
            var started = File.GetLastWriteTime($"/proc/{pid}").ToString("HH:mm", CultureInfo.InvariantCulture);
            return [uid, pid, fields[ParentField], "0", started, terminal, cpu.ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture), command];
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or IOException { HResult: Linux.LinuxError.NoProcess })
        {
            return null;
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
