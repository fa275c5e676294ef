using System.Collections.Immutable;
using Swarm.Manager.Allocation;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Dispatch;

/// <summary>Keeps the tables of all networks up to date from the commits. What stays as it was keeps its instance.</summary>
internal sealed class NetworkTablesBuilder
{
    private readonly Dictionary<string, NetworkTableParts> _networks = new(StringComparer.Ordinal);

    internal NetworkTablesBuilder(StoreView view)
    {
        foreach (var network in view.Networks)
        {
            Add(view, network);
        }

        foreach (var task in view.Tasks)
        {
            Follow(view, null, task);
        }

        foreach (var service in view.Services)
        {
            Follow(null, service);
        }
    }

    internal void Observe(StoreCommit commit)
    {
        foreach (var change in commit.Changes)
        {
            switch (change.Object)
            {
                case SwarmTask:
                    Follow(commit.View, change.Old as SwarmTask, change.New as SwarmTask);
                    break;
                case Service:
                    Follow(change.Old as Service, change.New as Service);
                    break;
                case Node node:
                    Follow(commit.View, node);
                    break;
                case Network network when change.New is null:
                    _networks.Remove(network.Id);
                    break;
                case Network network when change.Old is null:
                    Add(commit.View, network);
                    break;
                case Network network when _networks.TryGetValue(network.Id, out var parts):
                    parts.Keys = network.Keys;
                    break;
            }
        }
    }

    /// <summary>The tables at <paramref name="view"/>, of which those that did not change are the ones before.</summary>
    internal NetworkPicture Take(StoreView view, NetworkPicture before)
    {
        var tables = before.ByNetwork.RemoveRange(before.ByNetwork.Keys.Where(id => !_networks.ContainsKey(id)));
        foreach (var (id, parts) in _networks)
        {
            if (parts.Changed(view.Index, tables.GetValueOrDefault(id)) is { } table)
            {
                tables = tables.SetItem(id, table);
            }
        }

        return new NetworkPicture(view, tables);
    }

    private void Add(StoreView view, Network network)
    {
        var parts = new NetworkTableParts(network, (view.Cluster ?? new Cluster()).DataPathPort);
        _networks[network.Id] = parts;
        if (network.Ingress)
        {
            foreach (var node in view.Nodes)
            {
                parts.Peer(view, node.Id);
            }
        }
    }

    private void Follow(StoreView view, SwarmTask? old, SwarmTask? now)
    {
        foreach (var id in PlacesOf(old).Concat(PlacesOf(now)).Select(place => place.NetworkId).Distinct(StringComparer.Ordinal))
        {
            if (_networks.TryGetValue(id, out var parts))
            {
                parts.Endpoint(view, (now ?? old)!.Id, IsThere(now) ? now : null);
            }
        }
    }

    private void Follow(Service? old, Service? now)
    {
        foreach (var id in NetworksOf(old).Concat(NetworksOf(now)).Distinct(StringComparer.Ordinal))
        {
            if (_networks.TryGetValue(id, out var parts))
            {
                parts.Service((now ?? old)!.Id, now);
            }
        }

        // Ports are published on whatever network carries them.
        if (old is { Endpoint.Ports.IsDefaultOrEmpty: false } || now is { Endpoint.Ports.IsDefaultOrEmpty: false })
        {
            foreach (var parts in _networks.Values.Where(parts => parts.Network.Ingress))
            {
                parts.Service((now ?? old)!.Id, now);
            }
        }
    }

    private void Follow(StoreView view, Node node)
    {
        foreach (var parts in _networks.Values.Where(parts => parts.Network.Ingress || parts.HasPart(node.Id)))
        {
            parts.Peer(view, node.Id);
        }
    }

    /// <summary>From when it may have its addresses on the node until nothing of it runs there.</summary>
    private static bool IsThere(SwarmTask? task) => task is { NodeId.Length: > 0, Status.State: >= TaskState.Assigned } && !task.Status.State.IsTerminal();

    private static IEnumerable<NetworkAttachment> PlacesOf(SwarmTask? task) => task is null ? [] : task.Networks;

    private static IEnumerable<string> NetworksOf(Service? service) => service is null
        ? []
        : service.Endpoint.VirtualIps.Select(one => one.NetworkId).Concat(NetworkNeeds.Asked(service.Spec).Select(one => one.Target));
}
