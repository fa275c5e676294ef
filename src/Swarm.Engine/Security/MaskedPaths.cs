using System.Collections.Immutable;

namespace Swarm.Engine.Security;

/// <summary>
/// Paths of /proc and /sys that an unprivileged container does not see (OCI `linux.maskedPaths`): they tell of the machine, or of other
/// containers, and no namespace divides them. The runtime skips what the kernel does not have.
/// </summary>
public static class MaskedPaths
{
    public static ImmutableArray<string> Default { get; } =
    [
        "/proc/asound",
        "/proc/acpi",
        "/proc/interrupts",
        "/proc/kcore",
        "/proc/keys",
        "/proc/latency_stats",
        "/proc/timer_list",
        "/proc/timer_stats",
        "/proc/sched_debug",
        "/proc/scsi",
        "/sys/firmware",
        "/sys/devices/virtual/powercap",
    ];
}
