using System.Collections.Immutable;

namespace Swarm.Engine.Security;

/// <summary>Paths of /proc that an unprivileged container reads but does not write (OCI `linux.readonlyPaths`): they steer the machine.</summary>
public static class ReadonlyPaths
{
    public static ImmutableArray<string> Default { get; } = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];
}
