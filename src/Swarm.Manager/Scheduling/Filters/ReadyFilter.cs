using Swarm.Model;

namespace Swarm.Manager.Scheduling.Filters;

/// <summary>The node answers and takes new tasks.</summary>
internal sealed class ReadyFilter : INodeFilter
{
    public bool Concerns(TaskNeeds needs) => true;

    public bool Admits(TaskNeeds needs, NodeInfo node) =>
        node.Node.Status.State == NodeState.Ready && node.Node.Spec.Availability == NodeAvailability.Active;

    public string Explain(int nodes) => nodes == 1 ? "1 node not available for new tasks" : $"{nodes} nodes not available for new tasks";
}
