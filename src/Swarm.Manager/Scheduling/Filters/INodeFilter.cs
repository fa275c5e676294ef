using System.Collections.Immutable;
using Swarm.Model;

namespace Swarm.Manager.Scheduling.Filters;

/// <summary>One reason for which a node may not take a task.</summary>
internal interface INodeFilter
{
    bool Admits(TaskNeeds needs, NodeInfo node);

    /// <summary>Docker's words for <paramref name="nodes"/> nodes that this filter refused.</summary>
    string Explain(int nodes);
}

/// <summary>A task as the filters see it; tasks of one service and spec need the same.</summary>
internal sealed record TaskNeeds(SwarmTask Task)
{
    /// <summary>Null: they could not be parsed, and no node will do.</summary>
    internal ImmutableArray<Constraint>? Constraints { get; } = Constraint.Parse(Task.Spec.Placement.Constraints, out _);

    internal Resources Reservations { get; } = Task.Spec.Reservations ?? new Resources();
}
