using System.Collections.Immutable;

namespace Swarm.Engine.Security;

/// <summary>What an unprivileged container's root may do (capabilities(7)): the same fourteen as Docker.</summary>
public static class DefaultCapabilities
{
    public static ImmutableSortedSet<string> Names { get; } = ImmutableSortedSet.Create(
        StringComparer.Ordinal,
        "CAP_AUDIT_WRITE",
        "CAP_CHOWN",
        "CAP_DAC_OVERRIDE",
        "CAP_FOWNER",
        "CAP_FSETID",
        "CAP_KILL",
        "CAP_MKNOD",
        "CAP_NET_BIND_SERVICE",
        "CAP_NET_RAW",
        "CAP_SETFCAP",
        "CAP_SETGID",
        "CAP_SETPCAP",
        "CAP_SETUID",
        "CAP_SYS_CHROOT");
}
