namespace Swarm.Manager.Scheduling.Filters;

/// <summary>What the task reserves is free on the node.</summary>
internal sealed class ResourceFilter : INodeFilter
{
    public bool Concerns(TaskNeeds needs) => needs.Reservations is not { NanoCpus: 0, MemoryBytes: 0, Generic.IsDefaultOrEmpty: true };

    public bool Admits(TaskNeeds needs, NodeInfo node)
    {
        var capacity = node.Node.Description.Resources;
        var wanted = needs.Reservations;
        return (wanted.NanoCpus == 0 || wanted.NanoCpus <= capacity.NanoCpus - node.ReservedNanoCpus)
            && (wanted.MemoryBytes == 0 || wanted.MemoryBytes <= capacity.MemoryBytes - node.ReservedMemory)
            && node.ChooseGeneric(wanted.Generic) is not null;
    }

    public string Explain(int nodes) => nodes == 1 ? "insufficient resources on 1 node" : $"insufficient resources on {nodes} nodes";
}
