namespace Swarm.Manager.Scheduling.Filters;

/// <summary>The node satisfies every placement constraint.</summary>
internal sealed class ConstraintFilter : INodeFilter
{
    public bool Admits(TaskNeeds needs, NodeInfo node) => needs.Constraints is { } all && all.All(one => one.IsSatisfiedBy(node.Node));

    public string Explain(int nodes) =>
        nodes == 1 ? "scheduling constraints not satisfied on 1 node" : $"scheduling constraints not satisfied on {nodes} nodes";
}
