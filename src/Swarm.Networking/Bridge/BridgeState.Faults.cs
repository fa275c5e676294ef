using System.Collections.Immutable;
using Swarm.Linux;
using Swarm.Networking.Overlay;

namespace Swarm.Networking.Bridge;

/// <summary>Whether the kernel is as the tables of the cluster's networks say.</summary>
internal sealed partial class BridgeState
{
    /// <returns>A line for each difference.</returns>
    public ImmutableArray<string> Faults(string networkId)
    {
        if (!tables.TryGetValue(networkId, out var table))
        {
            return ["the network is not on this node"];
        }

        if (table.Network.IsOfNodes)
        {
            return unmade.Contains(networkId) ? ["it is not made"] : [];
        }

        if (unmade.Contains(networkId) || overlays.Find(networkId) is not { } link || !overlays.Stands(link))
        {
            return ["its links are not made"];
        }

        var faults = ImmutableArray.CreateBuilder<string>();
        faults.AddRange(overlays.Faults(nodeId, table));
        foreach (var (id, endpoint) in table.Endpoints.Where(pair => pair.Value.NodeId == nodeId && pair.Value.IsServing))
        {
            var addresses = TableServices.Addresses(endpoint).ToList();
            if (!sandboxes.Values.Any(sandbox => sandbox.On(networkId) is { } place && (addresses.Contains(place.Address!) || addresses.Contains(place.Address6!))))
            {
                faults.Add($"endpoint {id} serves and no container has its address {string.Join(", ", addresses)}");
            }
        }

        foreach (var sandbox in sandboxes.Values.Where(sandbox => !table.Network.Ingress && sandbox.On(networkId) is not null))
        {
            faults.AddRange(ServiceFaults(sandbox));
        }

        return faults.ToImmutable();
    }

    private IEnumerable<string> ServiceFaults(ContainerSandbox sandbox)
    {
        var wanted = Overlaid(sandbox).Select(place => tables[place.NetworkId]).Where(table => !table.Network.Ingress).ToList();
        using var ns = NetworkNamespace.Open(NamespacePath(sandbox.ContainerId));
        return ns.Run(() => ServiceRules.Faults(wanted)).Select(fault => $"container {sandbox.Name}: {fault}");
    }
}
