using System.Runtime.InteropServices;

namespace Swarm.Linux;

/// <summary>getrlimit(2): what this process may hand on to its children.</summary>
public static partial class ResourceLimits
{
    /// <summary>Resource numbers of asm-generic/resource.h, by their names in Docker's ulimits.</summary>
    private static readonly Dictionary<string, int> Numbers = new(StringComparer.Ordinal)
    {
        ["cpu"] = 0, ["fsize"] = 1, ["data"] = 2, ["stack"] = 3, ["core"] = 4, ["rss"] = 5, ["nproc"] = 6, ["nofile"] = 7,
        ["memlock"] = 8, ["as"] = 9, ["locks"] = 10, ["sigpending"] = 11, ["msgqueue"] = 12, ["nice"] = 13, ["rtprio"] = 14, ["rttime"] = 15,
    };

    public static bool IsKnown(string name) => Numbers.ContainsKey(name);

    /// <summary>Our hard limit of a known resource; <see cref="ulong.MaxValue"/>: none.</summary>
    public static ulong Hard(string name)
    {
        var limit = default(Limit);
        return getrlimit(Numbers[name], ref limit) == 0 ? limit.Maximum : throw LinuxError.Last("getrlimit " + name);
    }

    private struct Limit
    {
        public ulong Current;
        public ulong Maximum;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getrlimit(int resource, ref Limit limit);
}
