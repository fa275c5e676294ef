namespace Swarm.Manager.Scheduling.Filters;

/// <summary>One reason for which a node may not take a task.</summary>
internal interface INodeFilter
{
    /// <summary>Whether it could refuse such a task any node at all; if not, it need not be asked.</summary>
    bool Concerns(TaskNeeds needs);

    bool Admits(TaskNeeds needs, NodeInfo node);

    /// <summary>Docker's words for <paramref name="nodes"/> nodes that this filter refused.</summary>
    string Explain(int nodes);
}
