namespace Swarm.Manager.Scheduling.Filters;

/// <summary>One reason for which a node may not take a task.</summary>
internal interface INodeFilter
{
    bool Admits(TaskNeeds needs, NodeInfo node);

    /// <summary>Docker's words for <paramref name="nodes"/> nodes that this filter refused.</summary>
    string Explain(int nodes);
}
