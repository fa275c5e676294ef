using System.Globalization;

namespace Swarm.Linux;

/// <summary>The capabilities(7) that this process may hand on.</summary>
public static class ProcessCapabilities
{
    /// <summary>Bit n is capability n, from CapBnd of proc_pid_status(5).</summary>
    public static ulong BoundingSet()
    {
        const string prefix = "CapBnd:";
        var line = File.ReadLines("/proc/self/status").First(l => l.StartsWith(prefix, StringComparison.Ordinal));
        return ulong.Parse(line.AsSpan(prefix.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
