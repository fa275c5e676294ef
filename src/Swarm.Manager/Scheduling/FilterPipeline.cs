using System.Collections.Immutable;
using Swarm.Manager.Scheduling.Filters;

namespace Swarm.Manager.Scheduling;

/// <summary>All reasons against a node, for tasks with the same needs: asked in the order of their cost, and the first that refuses counts.</summary>
internal sealed class FilterPipeline(TaskNeeds needs)
{
    private static readonly ImmutableArray<INodeFilter> All =
    [
        new ReadyFilter(), new ResourceFilter(), new PluginFilter(), new ConstraintFilter(), new PlatformFilter(), new HostPortFilter(), new MaxReplicasFilter(),
    ];

    private readonly INodeFilter[] _filters = [.. All.Where(filter => filter.Concerns(needs))];

    internal bool Admits(NodeInfo node) => FirstRefusal(node) < 0;

    /// <summary>Why none of <paramref name="nodes"/> takes the task, in Docker's words, the most frequent reason first.</summary>
    internal string Explain(IEnumerable<NodeInfo> nodes)
    {
        var refusals = new int[_filters.Length];
        foreach (var node in nodes)
        {
            var filter = FirstRefusal(node);
            if (filter >= 0)
            {
                refusals[filter]++;
            }
        }

        var reasons = Enumerable.Range(0, _filters.Length).Where(i => refusals[i] > 0).OrderByDescending(i => refusals[i]).ThenBy(i => i);
        var text = string.Join("; ", reasons.Select(i => _filters[i].Explain(refusals[i])));
        return text.Length == 0 ? "no suitable node" : $"no suitable node ({text})";
    }

    private int FirstRefusal(NodeInfo node)
    {
        for (var i = 0; i < _filters.Length; i++)
        {
            if (!_filters[i].Admits(needs, node))
            {
                return i;
            }
        }

        return -1;
    }
}
