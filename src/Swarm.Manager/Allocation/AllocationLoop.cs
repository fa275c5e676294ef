using System.Collections.Immutable;
using Swarm.Manager.Loops;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Allocation;

/// <summary>
/// New -> Pending, once a task holds what it needs of the whole cluster: addresses, and the list of its host-mode ports. Alone gives addresses and
/// published ports, to tasks, services and nodes. Every transaction that gives any writes the network's <see cref="Network.LastGiven"/>, so that a leader
/// that does not know yet that it is none any more can not give what its successor has given.
/// </summary>
internal sealed partial class AllocationLoop(Random random) : ControlLoop
{
    private readonly Dictionary<string, SortedSet<string>> _waiting = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _touched = new(StringComparer.Ordinal);
    private AddressLedger _ledger = new();
    private PublishedPorts _ports = new();
    private ChangeBatch? _batch;

    internal override string Name => "allocator";

    protected override void Begin(StoreView view)
    {
        (_ledger, _ports, _batch) = (new AddressLedger(), new PublishedPorts(), null);
        _waiting.Clear();
        _touched.Clear();
        _endpoints.Clear();
        foreach (var network in view.Networks)
        {
            _ledger.Add(network);
        }

        foreach (var service in view.Services)
        {
            _ledger.Set(service.Id, PlacesOf(service));
            _ports.Set(service.Id, service.Endpoint.Ports);
            Mark(service.Id);
        }

        foreach (var node in view.Nodes)
        {
            _ledger.Set(node.Id, node.Networks);
            Mark(node.Id);
        }

        foreach (var task in view.Tasks)
        {
            _ledger.Set(task.Id, PlacesOf(task));
            if (IsNew(task))
            {
                Mark(task.Id);
            }
        }

        if (view.Cluster is { } cluster)
        {
            Mark(cluster.Id);
        }
    }

    internal override void Observe(StoreCommit commit)
    {
        foreach (var change in commit.Changes)
        {
            switch (change.Object)
            {
                case SwarmTask task:
                    Follow(task, change.New is not null);
                    break;
                case Service service:
                    Follow(commit.View, service, change.New is not null);
                    break;
                case Network network:
                    Follow(commit.View, network, change.Old is null, change.New is null);
                    break;
                case Node node:
                    Freed(_ledger.Set(node.Id, change.New is null ? [] : node.Networks));
                    Mark(node.Id);
                    break;
                case Cluster cluster:
                    Mark(cluster.Id);
                    break;
            }
        }
    }

    internal override void Refused()
    {
        base.Refused();
        _ledger.Undo();
        _ports.Undo();
        _endpoints.Clear();
    }

    protected override void Decide(string key, StoreView view, ChangeBatch batch, DateTimeOffset now)
    {
        Enter(batch);
        if (view.Tasks.Find(key) is { } task)
        {
            Allocate(task, view, batch, now);
        }
        else if (view.Services.Find(key) is { } service)
        {
            EndpointOf(service, view, batch);
        }
        else if (view.Nodes.Find(key) is { } node)
        {
            Allocate(node, view, batch);
        }
        else if (view.Clusters.Find(key) is { NetworksMade: 0 } cluster)
        {
            MakeIngress(cluster, view, batch);
        }
    }

    protected override void Finish(StoreView view, ChangeBatch batch, DateTimeOffset now)
    {
        Enter(batch);
        foreach (var id in _touched)
        {
            // A network that is gone has nothing to give; what was decided with it fails, or finds it gone next time.
            if (view.Networks.Find(id) is { } network && _ledger.Find(id) is { } book)
            {
                batch.Transaction.Update(network with { LastGiven = book.LastGiven });
            }
        }
    }

    /// <summary>What was taken for the batch before is committed, or was given back.</summary>
    private void Enter(ChangeBatch batch)
    {
        if (!ReferenceEquals(batch, _batch))
        {
            _batch = batch;
            _touched.Clear();
            _ledger.Settle();
            _ports.Settle();
        }
    }

    private void Follow(SwarmTask task, bool exists)
    {
        Freed(_ledger.Set(task.Id, exists ? PlacesOf(task) : []));
        if (exists && IsNew(task))
        {
            Mark(task.Id);
        }
    }

    private void Follow(StoreView view, Service service, bool exists)
    {
        _endpoints.Remove(service.Id);
        Freed(_ledger.Set(service.Id, exists ? PlacesOf(service) : []));
        if (_ports.Set(service.Id, exists ? service.Endpoint.Ports : []))
        {
            Wake(Ports);
        }

        Mark(service.Id);
        foreach (var task in view.TasksOfService(service.Id).Where(IsNew))
        {
            Mark(task.Id);
        }
    }

    private void Follow(StoreView view, Network network, bool isNew, bool isGone)
    {
        if (isGone)
        {
            _ledger.Remove(network.Id);
            Freed([network.Id]);
        }
        else
        {
            _ledger.Add(network);
        }

        if (network.Ingress && (isNew || isGone))
        {
            Wake(Ingress);
            foreach (var node in view.Nodes)
            {
                Mark(node.Id);
            }
        }
    }

    private void Freed(IReadOnlyCollection<string> networks)
    {
        foreach (var network in networks)
        {
            Wake(network);
        }
    }

    /// <summary>What could not be had may be there now.</summary>
    private void Wake(string cause)
    {
        if (_waiting.Remove(cause, out var keys))
        {
            foreach (var key in keys)
            {
                _endpoints.Remove(key);
                Mark(key);
            }
        }
    }

    private void Await(string cause, string key)
    {
        if (!_waiting.TryGetValue(cause, out var keys))
        {
            _waiting.Add(cause, keys = new SortedSet<string>(StringComparer.Ordinal));
        }

        keys.Add(key);
    }

    /// <summary>Whether so many more objects fit, with the networks that they are given addresses of.</summary>
    private bool HasRoom(ChangeBatch batch, int objects, IEnumerable<string> networks) =>
        batch.HasRoom(objects + _touched.Count + networks.Count(id => !_touched.Contains(id)));

    private static bool IsNew(SwarmTask task) => task.Status.State == TaskState.New && task.DesiredState <= TaskState.Running;

    /// <summary>A task holds its addresses until nothing of it runs.</summary>
    private static ImmutableArray<NetworkAttachment> PlacesOf(SwarmTask task) => task.Status.State.IsTerminal() ? [] : task.Networks;

    private static ImmutableArray<NetworkAttachment> PlacesOf(Service service) =>
        [.. service.Endpoint.VirtualIps.Select(one => new NetworkAttachment { NetworkId = one.NetworkId, Addresses = [one.Address] })];
}
