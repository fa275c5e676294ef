using System.Collections.Immutable;
using Swarm.Manager.Allocation;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Dispatch;

/// <summary>One network's table while it is kept up to date.</summary>
/// <param name="dataPathPort">The cluster's, which never changes.</param>
internal sealed class NetworkTableParts(Network network, int dataPathPort)
{
    /// <summary>A label of a service, and the value by which a node prefers the tasks that it has itself.</summary>
    private const string Routing = "swarm.ingress";
    private const string LocalFirst = "local-first";

    /// <summary>By node, its tasks that are here.</summary>
    private readonly Dictionary<string, SortedSet<string>> _tasks = new(StringComparer.Ordinal);

    private ImmutableSortedDictionary<string, NetworkEndpoint> _endpoints = Empty<NetworkEndpoint>();
    private ImmutableSortedDictionary<string, NetworkService> _services = Empty<NetworkService>();
    private ImmutableSortedDictionary<string, NetworkPeer> _peers = Empty<NetworkPeer>();

    /// <summary>As nodes are told of it.</summary>
    internal Network Network { get; } = network with { Meta = new Meta(), LastGiven = [], Keys = null };

    /// <inheritdoc cref="NetworkTable.Keys"/>
    internal NetworkKeys? Keys { get; set; } = network.Keys;

    /// <summary>The table, if it is another than <paramref name="before"/>.</summary>
    internal NetworkTable? Changed(long index, NetworkTable? before)
    {
        // Keys with the same current one are the same keys: at most the time that they count from was put right.
        var keys = before?.Keys is { } held && held.Current == Keys?.Current ? held : Keys;
        return before is not null && ReferenceEquals(before.Endpoints, _endpoints) && ReferenceEquals(before.Services, _services) && ReferenceEquals(before.Peers, _peers)
            && ReferenceEquals(before.Keys, keys)
            ? null
            : new NetworkTable { Index = index, DataPathPort = dataPathPort, Network = Network, Endpoints = _endpoints, Services = _services, Peers = _peers, Keys = keys };
    }

    internal bool HasPart(string nodeId) => _tasks.ContainsKey(nodeId);

    /// <param name="task">Null: it is not here, or not any more.</param>
    internal void Endpoint(StoreView view, string taskId, SwarmTask? task)
    {
        var place = task?.Networks.FirstOrDefault(one => one.NetworkId == Network.Id);
        var before = _endpoints.GetValueOrDefault(taskId);
        if (place is null || task is null)
        {
            _endpoints = _endpoints.Remove(taskId);
            if (before is not null)
            {
                Part(view, before.NodeId, taskId, isHere: false);
            }

            return;
        }

        var endpoint = new NetworkEndpoint
        {
            NodeId = task.NodeId,
            Addresses = place.Addresses,
            Names = task.Spec.Attached is null ? [task.Name] : place.Aliases,
            ServiceId = task.ServiceId,
            IsServing = task.Status.State == TaskState.Running && task.DesiredState <= TaskState.Running && view.Nodes.Find(task.NodeId) is { Status.State: not NodeState.Down },
        };
        _endpoints = Set(_endpoints, taskId, endpoint);
        if (before is null)
        {
            Part(view, task.NodeId, taskId, isHere: true);
        }
    }

    /// <param name="service">Null: it is gone.</param>
    internal void Service(string serviceId, Service? service)
    {
        var asked = service is null ? null : NetworkNeeds.Asked(service.Spec).FirstOrDefault(one => one.Target == Network.Id);
        ImmutableArray<PortConfig> ports = Network.Ingress && service is not null ? PublishedPorts.Published(service.Endpoint.Ports) : [];
        if (service is null || (asked is null && ports.IsEmpty))
        {
            _services = _services.Remove(serviceId);
            return;
        }

        _services = Set(_services, serviceId, new NetworkService
        {
            Names = Network.Ingress ? [] : [service.Spec.Annotations.Name, .. asked!.Aliases.Where(alias => alias != service.Spec.Annotations.Name).Distinct()],
            VirtualIps = [.. service.Endpoint.VirtualIps.Where(one => one.NetworkId == Network.Id).Select(one => IpAddresses.OfCidr(one.Address).ToString())],
            Ports = ports,
            LocalFirst = Network.Ingress && service.Spec.Annotations.Labels.GetValueOrDefault(Routing) == LocalFirst,
        });
    }

    /// <summary>The node has changed, or come, or gone: where it is, and whether its tasks serve.</summary>
    internal void Peer(StoreView view, string nodeId)
    {
        if (_tasks.TryGetValue(nodeId, out var tasks))
        {
            foreach (var task in tasks.Select(view.Tasks.Find).OfType<SwarmTask>().Where(task => _endpoints.ContainsKey(task.Id)).ToList())
            {
                Endpoint(view, task.Id, task);
            }
        }

        // To carry published ports a node needs an address of its own, and then does so whatever runs there.
        var own = view.Nodes.Find(nodeId)?.Networks.FirstOrDefault(place => place.NetworkId == Network.Id);
        if (view.Nodes.Find(nodeId) is { } node && (Network.Ingress ? own is not null : HasPart(nodeId)))
        {
            _peers = Set(_peers, nodeId, PeerOf(node, own?.Addresses ?? []));
        }
        else
        {
            _peers = _peers.Remove(nodeId);
        }
    }

    private NetworkPeer PeerOf(Node node, ImmutableArray<string> own) => Keys is null
        ? new NetworkPeer { Address = AddressOf(node), Addresses = own }
        : new NetworkPeer { SealedAddress = AddressOf(node), Addresses = own };

    private void Part(StoreView view, string nodeId, string taskId, bool isHere)
    {
        if (isHere)
        {
            if (!_tasks.TryGetValue(nodeId, out var tasks))
            {
                _tasks.Add(nodeId, tasks = new SortedSet<string>(StringComparer.Ordinal));
                tasks.Add(taskId);
                Peer(view, nodeId);
            }

            tasks.Add(taskId);
        }
        else if (_tasks.TryGetValue(nodeId, out var left) && left.Remove(taskId) && left.Count == 0)
        {
            _tasks.Remove(nodeId);
            Peer(view, nodeId);
        }
    }

    private static string AddressOf(Node node) => node.Status.DataPathAddress.Length > 0 ? node.Status.DataPathAddress : node.Status.Address;

    /// <summary>Equal values keep their instance, and so do tables without a change.</summary>
    private static ImmutableSortedDictionary<string, T> Set<T>(ImmutableSortedDictionary<string, T> table, string key, T value) where T : class =>
        table.TryGetValue(key, out var old) && Codec.Same(old, value) ? table : table.SetItem(key, value);

    private static ImmutableSortedDictionary<string, T> Empty<T>() => ImmutableSortedDictionary<string, T>.Empty.WithComparers(StringComparer.Ordinal);
}
