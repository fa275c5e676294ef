using System.Collections.Immutable;

namespace Swarm.Api.Services;

/// <summary>The model counts in 100 ns. What was asked for more finely is kept beside it, to be answered as it was asked.</summary>
internal static class FineDurations
{
    /// <summary>Nanoseconds by the name of the setting; empty as a rule.</summary>
    internal static ImmutableSortedDictionary<string, long> Of(Wire.ServiceSpec spec)
    {
        var fine = ImmutableSortedDictionary<string, long>.Empty.WithComparers(StringComparer.Ordinal);
        Visit(spec, (name, value) =>
        {
            if (value is { } nanoseconds && nanoseconds % TimeSpan.NanosecondsPerTick != 0)
            {
                fine = fine.SetItem(name, nanoseconds);
            }

            return value;
        });
        return fine;
    }

    internal static Wire.ServiceSpec Restore(Wire.ServiceSpec spec, ImmutableSortedDictionary<string, long> fine) => fine.IsEmpty
        ? spec
        : Visit(spec, (name, value) => fine.TryGetValue(name, out var nanoseconds) ? nanoseconds : value);

    private static Wire.ServiceSpec Visit(Wire.ServiceSpec spec, Func<string, long?, long?> change) => spec with
    {
        UpdateConfig = Update(spec.UpdateConfig, "UpdateConfig", change),
        RollbackConfig = Update(spec.RollbackConfig, "RollbackConfig", change),
        TaskTemplate = spec.TaskTemplate is { } task
            ? task with
            {
                RestartPolicy = task.RestartPolicy is { } policy ? policy with { Delay = change("RestartPolicy.Delay", policy.Delay), Window = change("RestartPolicy.Window", policy.Window) } : null,
                ContainerSpec = task.ContainerSpec is { } container ? container with { StopGracePeriod = change("StopGracePeriod", container.StopGracePeriod) } : null,
            }
            : null,
    };

    private static Wire.UpdateConfig? Update(Wire.UpdateConfig? config, string name, Func<string, long?, long?> change) =>
        config is null ? null : config with { Delay = change(name + ".Delay", config.Delay), Monitor = change(name + ".Monitor", config.Monitor) };
}
