using Swarm.Model;

namespace Swarm.Manager.Scheduling.Filters;

/// <summary>The node has the drivers that the task's volumes and logs name. A node that names no drivers of a kind is taken to have what is usual.</summary>
internal sealed class PluginFilter : INodeFilter
{
    public bool Concerns(TaskNeeds needs) => !needs.Drivers.IsEmpty;

    public bool Admits(TaskNeeds needs, NodeInfo node)
    {
        foreach (var (kind, name) in needs.Drivers)
        {
            if (!Has(node.Node, kind, name))
            {
                return false;
            }
        }

        return true;
    }

    public string Explain(int nodes) => nodes == 1 ? "missing plugin on 1 node" : $"missing plugin on {nodes} nodes";

    private static bool Has(Node node, string kind, string name)
    {
        var any = false;
        foreach (var plugin in node.Description.Plugins)
        {
            if (plugin.Type == kind)
            {
                any = true;
                if (plugin.Name == name || plugin.Name == $"{name}:latest")
                {
                    return true;
                }
            }
        }

        return !any;
    }
}
