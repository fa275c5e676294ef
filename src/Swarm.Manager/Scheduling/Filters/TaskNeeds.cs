using System.Collections.Immutable;
using Swarm.Model;

namespace Swarm.Manager.Scheduling.Filters;

/// <summary>A task as the filters see it; tasks of one service and spec need the same.</summary>
internal sealed record TaskNeeds(SwarmTask Task)
{
    /// <summary>Null: they could not be parsed, and no node will do.</summary>
    internal ImmutableArray<Constraint>? Constraints { get; } = Constraint.Parse(Task.Spec.Placement.Constraints, out _);

    internal Resources Reservations { get; } = Task.Spec.Reservations ?? new Resources();

    /// <summary>Volume and log drivers that the node must have, by the kinds of <see cref="EnginePlugin.Type"/>.</summary>
    internal ImmutableArray<(string Kind, string Name)> Drivers { get; } =
    [
        .. Task.Spec.Container.Mounts.Where(mount => mount is { Type: MountType.Volume, VolumeDriver.Name.Length: > 0 }).Select(mount => ("Volume", mount.VolumeDriver!.Name)),
        .. Task.Spec.LogDriver is { Name: { Length: > 0 } log } && log != "none" ? [("Log", log)] : ImmutableArray<(string, string)>.Empty,
    ];
}
