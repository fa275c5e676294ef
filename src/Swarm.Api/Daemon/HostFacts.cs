using System.Globalization;
using System.Runtime.InteropServices;

namespace Swarm.Api.Daemon;

/// <summary>This machine, read from /proc (proc(5)) and /etc/os-release (os-release(5)).</summary>
public sealed record HostFacts
{
    public string Hostname { get; init; } = "";
    public string KernelVersion { get; init; } = "";

    /// <summary>The distribution's PRETTY_NAME.</summary>
    public string OperatingSystem { get; init; } = "";
    public string OsVersion { get; init; } = "";

    /// <summary>As uname says: x86_64, aarch64.</summary>
    public string Machine { get; init; } = "";

    /// <summary>As Go says: amd64, arm64.</summary>
    public string Architecture { get; init; } = "";
    public int Cpus { get; init; }
    public long MemoryBytes { get; init; }

    public static HostFacts Read()
    {
        var release = File.Exists("/etc/os-release") ? OsRelease(File.ReadLines("/etc/os-release")) : [];
        return new HostFacts
        {
            Hostname = File.ReadAllText("/proc/sys/kernel/hostname").Trim(),
            KernelVersion = File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
            OperatingSystem = release.GetValueOrDefault("PRETTY_NAME", "Linux"),
            OsVersion = release.GetValueOrDefault("VERSION_ID", ""),
            Machine = RuntimeInformation.OSArchitecture switch
            {
                System.Runtime.InteropServices.Architecture.X64 => "x86_64",
                System.Runtime.InteropServices.Architecture.Arm64 => "aarch64",
                var other => other.ToString().ToLowerInvariant(),
            },
            Architecture = RuntimeInformation.OSArchitecture switch
            {
                System.Runtime.InteropServices.Architecture.X64 => "amd64",
                var other => other.ToString().ToLowerInvariant(),
            },
            Cpus = Environment.ProcessorCount,
            MemoryBytes = MemTotal(File.ReadLines("/proc/meminfo")),
        };
    }

    internal static Dictionary<string, string> OsRelease(IEnumerable<string> lines) => lines
        .Select(line => line.Split('=', 2))
        .Where(parts => parts.Length == 2 && !parts[0].StartsWith('#'))
        .GroupBy(parts => parts[0], StringComparer.Ordinal)
        .ToDictionary(group => group.Key, group => group.Last()[1].Trim('"', '\''), StringComparer.Ordinal);

    /// <summary>The line `MemTotal: 123 kB`, in bytes.</summary>
    internal static long MemTotal(IEnumerable<string> lines)
    {
        var line = lines.First(one => one.StartsWith("MemTotal:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}
