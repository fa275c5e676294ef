using System.Collections.Immutable;
using Swarm.Engine.Security;

namespace Swarm.Engine.Runtime;

/// <summary>Which capabilities(7) a container gets: the default ones, what is added and dropped, and never more than this process has.</summary>
public static class CapabilitySet
{
    private const string Prefix = "CAP_", All = "ALL";

    /// <summary>By number.</summary>
    private static readonly ImmutableArray<string> Names =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
        "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK",
        "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN",
        "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE",
        "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
        "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
    ];

    /// <param name="bounding">Bit n: this process has capability n.</param>
    /// <exception cref="EngineException">400: an unknown name.</exception>
    public static ImmutableSortedSet<string> Of(IReadOnlyList<string>? add, IReadOnlyList<string>? drop, ulong bounding)
    {
        var added = Normalize(add, "CapAdd");
        var dropped = Normalize(drop, "CapDrop");
        var set = added.Contains(All) ? [.. Names] : dropped.Contains(All) ? [] : DefaultCapabilities.Names;
        set = set.Except(dropped).Union(added.Where(a => a != All));
        return [.. set.Where(name => (bounding >> Names.IndexOf(name) & 1) != 0)];
    }

    /// <exception cref="EngineException">400: an unknown name.</exception>
    public static void Check(IReadOnlyList<string>? names, string field) => Normalize(names, field);

    private static List<string> Normalize(IReadOnlyList<string>? names, string field)
    {
        List<string> normal = [];
        foreach (var given in names ?? [])
        {
            var name = given.ToUpperInvariant();
            name = name == All || name.StartsWith(Prefix, StringComparison.Ordinal) ? name : Prefix + name;
            normal.Add(name == All || Names.Contains(name) ? name : throw EngineException.BadRequest($"invalid {field}: unknown capability: \"{given}\""));
        }

        return normal;
    }
}
