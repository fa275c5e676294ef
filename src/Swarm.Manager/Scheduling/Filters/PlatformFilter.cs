using System.Collections.Immutable;
using Swarm.Model;

namespace Swarm.Manager.Scheduling.Filters;

/// <summary>The image exists for the node's platform. No platforms named: it is not known, and every node may try.</summary>
internal sealed class PlatformFilter : INodeFilter
{
    public bool Concerns(TaskNeeds needs) => !needs.Task.Spec.Placement.Platforms.IsDefaultOrEmpty;

    public bool Admits(TaskNeeds needs, NodeInfo node) => Admits(needs.Task.Spec.Placement.Platforms, node.Node);

    public string Explain(int nodes) => nodes == 1 ? "unsupported platform on 1 node" : $"unsupported platform on {nodes} nodes";

    internal static bool Admits(ImmutableArray<Platform> wanted, Node node)
    {
        var has = node.Description.Platform;
        return wanted.IsDefaultOrEmpty || wanted.Any(one =>
            (one.Os.Length == 0 || string.Equals(one.Os, has.Os, StringComparison.OrdinalIgnoreCase))
            && (one.Architecture.Length == 0 || PlatformNames.Architecture(one.Architecture) == PlatformNames.Architecture(has.Architecture)));
    }
}
