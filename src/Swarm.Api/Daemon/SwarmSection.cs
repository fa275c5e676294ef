using Swarm.Api.Membership;
using Swarm.Api.Wire;
using Swarm.Store;

namespace Swarm.Api.Daemon;

/// <summary>The cluster as this node sees it: from what it holds itself, so that it answers also when the managers have lost their majority.</summary>
internal static class SwarmSection
{
    private const string TwoManagers =
        "WARNING: Running Swarm in a two-manager configuration. This configuration provides\n" +
        "         no fault tolerance, and poses a high risk to lose control over the cluster.\n" +
        "         Refer to https://docs.docker.com/engine/swarm/admin_guide/ to configure the\n" +
        "         Swarm for fault-tolerance.";

    internal static SwarmInfo Read(INodeLifecycle node)
    {
        var state = node.State;
        var info = new SwarmInfo
        {
            NodeID = state.NodeId,
            NodeAddr = state.NodeAddress,
            LocalNodeState = Name(state.LocalState),
            ControlAvailable = state.ControlAvailable,
            Error = state.Error,
            RemoteManagers = state.RemoteManagers.Count == 0 ? null : [.. state.RemoteManagers.Select(one => new Peer { NodeID = one.NodeId, Addr = one.Address })],
        };
        if (node.Store is not { } store)
        {
            return info;
        }

        var view = store.View;
        var managers = view.Nodes.Count(one => one.Manager is not null);
        return info with
        {
            Nodes = view.Nodes.Count,
            Managers = managers,
            Cluster = view.Cluster is { } cluster ? ClusterMapping.Info(cluster) : null,
            Error = info.Error.Length == 0 && store.Leadership.LeaderId is null ? new NoLeaderException().Message : info.Error,
            Warnings = managers == 2 ? [TwoManagers] : null,
        };
    }

    /// <summary>As the Swarm header of /_ping has it: inactive, active/worker, active/manager...</summary>
    internal static string Status(NodeSwarmState state) => state.LocalState == LocalNodeState.Active
        ? state.ControlAvailable ? "active/manager" : "active/worker"
        : Name(state.LocalState);

    private static string Name(LocalNodeState state) => state.ToString().ToLowerInvariant();
}
