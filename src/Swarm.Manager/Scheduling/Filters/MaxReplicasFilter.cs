namespace Swarm.Manager.Scheduling.Filters;

/// <summary>The node has fewer tasks of the service than it may.</summary>
internal sealed class MaxReplicasFilter : INodeFilter
{
    public bool Concerns(TaskNeeds needs) => needs.Task.Spec.Placement.MaxReplicasPerNode > 0;

    public bool Admits(TaskNeeds needs, NodeInfo node)
    {
        var limit = needs.Task.Spec.Placement.MaxReplicasPerNode;
        return limit == 0 || (ulong)node.ActiveOf(needs.Task.ServiceId) < limit;
    }

    public string Explain(int nodes) => "max replicas per node limit exceed";
}
