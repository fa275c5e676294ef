namespace Swarm.Manager.Scheduling.Filters;

/// <summary>No task on the node holds a port that this one publishes there.</summary>
internal sealed class HostPortFilter : INodeFilter
{
    public bool Concerns(TaskNeeds needs) => !needs.Task.Status.HostPorts.IsDefaultOrEmpty;

    public bool Admits(TaskNeeds needs, NodeInfo node) => !needs.Task.Status.HostPorts.Any(node.HoldsPort);

    public string Explain(int nodes) => nodes == 1 ? "host-mode port already in use on 1 node" : $"host-mode port already in use on {nodes} nodes";
}
