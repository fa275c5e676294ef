using System.Globalization;
using Swarm.Model;

namespace Swarm.Manager.Control;

internal static class TaskValidation
{
    private const long MinNanoCpus = 1_000_000;
    private const long MinMemoryBytes = 4 << 20;

    internal static void CheckResources(TaskSpec task)
    {
        Check(task.Limits);
        Check(task.Reservations);
        if (task.Reservations?.Generic.FirstOrDefault(one => one.NamedValue is not null || one.Value <= 0) is { } wrong)
        {
            throw ControlException.Invalid($"invalid argument for resource {wrong.Kind}");
        }
    }

    internal static void CheckRestart(RestartPolicy policy)
    {
        if (policy.Delay < TimeSpan.Zero)
        {
            throw ControlException.Invalid("TaskSpec: restart-delay cannot be negative");
        }

        if (policy.Window < TimeSpan.Zero)
        {
            throw ControlException.Invalid("TaskSpec: restart-window cannot be negative");
        }
    }

    internal static void CheckUpdate(UpdateConfig? update)
    {
        if (update is null)
        {
            return;
        }

        if (update.Delay < TimeSpan.Zero)
        {
            throw ControlException.Invalid("TaskSpec: update-delay cannot be negative");
        }

        if (update.Monitor < TimeSpan.Zero)
        {
            throw ControlException.Invalid("TaskSpec: update-monitor cannot be negative");
        }

        if (update.MaxFailureRatio is not (>= 0 and <= 1))
        {
            throw ControlException.Invalid("TaskSpec: update-maxfailureratio cannot be less than 0 or bigger than 1");
        }
    }

    private static void Check(Resources? resources)
    {
        if (resources is null)
        {
            return;
        }

        if (resources.NanoCpus != 0 && resources.NanoCpus < MinNanoCpus)
        {
            throw ControlException.Invalid($"invalid cpu value {Cpus(resources.NanoCpus)}: Must be at least {Cpus(MinNanoCpus)}");
        }

        if (resources.MemoryBytes != 0 && resources.MemoryBytes < MinMemoryBytes)
        {
            throw ControlException.Invalid($"invalid memory value {resources.MemoryBytes}: Must be at least 4MiB");
        }
    }

    /// <summary>As Go's %g prints it.</summary>
    private static string Cpus(long nano) => (nano / 1e9).ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e');
}
