using System.Collections.Immutable;
using Swarm.Model;

namespace Swarm.Manager.Scheduling.Filters;

/// <summary>The node satisfies every placement constraint.</summary>
internal sealed class ConstraintFilter : INodeFilter
{
    public bool Concerns(TaskNeeds needs) => needs.Constraints is not { IsEmpty: true };

    public bool Admits(TaskNeeds needs, NodeInfo node) => needs.Constraints is { } all && AllSatisfied(all, node.Node);

    public string Explain(int nodes) =>
        nodes == 1 ? "scheduling constraints not satisfied on 1 node" : $"scheduling constraints not satisfied on {nodes} nodes";

    private static bool AllSatisfied(ImmutableArray<Constraint> constraints, Node node)
    {
        foreach (var constraint in constraints)
        {
            if (!constraint.IsSatisfiedBy(node))
            {
                return false;
            }
        }

        return true;
    }
}
