using Swarm.Manager.Dispatch;
using Swarm.Model;
using Swarm.Rpc.Dispatch;
using Swarm.Simulation.World;
using Swarm.Store;

namespace Swarm.Simulation.Checks;

/// <summary>Laws 7 and 8: no address and no port is held twice, and nobody sends anything new to a task that is told to stop.</summary>
internal sealed class NetworkLaws(SimulatedCluster world)
{
    /// <summary>For so long after a fault a machine may not have heard, and the stop of a task may meet its new connections.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, string> _holders = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TimeSpan> _leftAt = new(StringComparer.Ordinal);

    /// <summary>When a node's record said last that it is Down: nobody waits for such a node.</summary>
    private readonly Dictionary<string, TimeSpan> _downAt = new(StringComparer.Ordinal);

    internal IEnumerable<string> OnChange(StoreChange change)
    {
        foreach (var key in Held(change.Old))
        {
            if (_holders.GetValueOrDefault(key) == change.Object.Id)
            {
                _holders.Remove(key);
            }
        }

        foreach (var key in Held(change.New))
        {
            if (!_holders.TryAdd(key, change.Object.Id))
            {
                yield return $"{key} is held by {_holders[key]} and by {change.Object.Id}";
            }
        }

        if (change.Old is Service old && change.New is Service now)
        {
            foreach (var vip in old.Endpoint.VirtualIps)
            {
                if (now.Endpoint.VirtualIps.FirstOrDefault(one => one.NetworkId == vip.NetworkId) is { } other && other.Address != vip.Address)
                {
                    yield return $"service {now.Id} had {vip.Address} on {vip.NetworkId} and has {other.Address}";
                }
            }
        }

        if (change.New is SwarmTask { Status.State: >= TaskState.Pending and <= TaskState.Running } task
            && task.Spec.Networks.FirstOrDefault(network => task.Networks.All(place => place.NetworkId != network.Target || place.Addresses.IsEmpty)) is { } missing)
        {
            yield return $"task {task.Id} is {task.Status.State} without an address on {missing.Target}";
        }

        if (change is { Old: Node { Status.State: NodeState.Down } } or { New: Node { Status.State: NodeState.Down } })
        {
            _downAt[change.Object.Id] = world.Time.Elapsed;
        }

        if (change.New is SwarmTask { DesiredState: > TaskState.Running } leaving && change.Old is SwarmTask { DesiredState: <= TaskState.Running })
        {
            _leftAt[leaving.Id] = world.Time.Elapsed;
        }
    }

    /// <summary>Before the node hears it.</summary>
    internal IEnumerable<string> OnMessage(Assignments assignments) =>
        from told in assignments.Tasks
        where told.DesiredState > TaskState.Running && told.Status.State == TaskState.Running && _leftAt.TryGetValue(told.Id, out var at) && world.Time.Elapsed - at < Bound
        from machine in world.Machines
        where machine.IsHealthy(Grace) && !IsOrWasJustDown(machine.Id)
        from table in machine.Networks.Tables.Values
        where table.Endpoints.TryGetValue(told.Id, out var endpoint) && endpoint.IsServing && HasSenders(machine.Id, table.Network)
        select $"task {told.Id} is told to stop while {machine.Id} still sends to it on {table.Network.Id}";

    /// <summary>A network of which a node has nothing any more is still to be taken away there, but nobody is left to use it.</summary>
    private bool HasSenders(string nodeId, Network network) => network.Ingress || world.Store.View.TasksOnNode(nodeId).Any(task =>
        task.Status.State is >= TaskState.Assigned and <= TaskState.Running && task.Networks.Any(place => place.NetworkId == network.Id));

    private bool IsOrWasJustDown(string nodeId) =>
        world.Store.View.Nodes.Find(nodeId)?.Status.State == NodeState.Down || (_downAt.TryGetValue(nodeId, out var at) && world.Time.Elapsed - at < Bound);

    /// <summary>What a quiet cluster's machines do not agree on with the store.</summary>
    internal static IEnumerable<string> Missing(SimulatedCluster world)
    {
        using var tables = new NetworkTables(world.Store);
        var wanted = tables.Take().ByNetwork;
        foreach (var machine in world.Machines)
        {
            var parts = wanted.Where(one => one.Value.Peers.ContainsKey(machine.Id)).ToDictionary();
            foreach (var id in machine.Networks.Tables.Keys.Except(parts.Keys))
            {
                yield return $"{machine.Id} still has network {id}";
            }

            foreach (var (id, table) in parts)
            {
                if (machine.Networks.Tables.GetValueOrDefault(id) is not { } has || !Codec.Same(has with { Index = 0 }, table with { Index = 0 }))
                {
                    yield return $"{machine.Id} has another table of network {id}";
                }
            }
        }
    }

    /// <summary>It says that its network has no address left, and it has none.</summary>
    internal static bool WaitsForAddress(StoreView view, SwarmTask task) =>
        task.Status.State == TaskState.New && task.Status.Error.StartsWith("waiting for a free address", StringComparison.Ordinal)
        && view.Networks.Any(network => task.Status.Error.Contains($"network {network.Annotations.Name} ", StringComparison.Ordinal) && Free(view, network) == 0);

    private static int Free(StoreView view, Network network) =>
        (1 << (32 - int.Parse(network.Pools[0].Subnet.Split('/')[1]))) - 3
        - view.Tasks.Cast<IStoreObject>().Concat(view.Services).SelectMany(Held).Count(key => key.StartsWith(network.Id + " ", StringComparison.Ordinal));

    private static IEnumerable<string> Held(IStoreObject? record) => record switch
    {
        SwarmTask task when !task.Status.State.IsTerminal() => Keys(task.Networks),
        Node node => Keys(node.Networks),
        Service service => service.Endpoint.VirtualIps.Select(one => $"{one.NetworkId} {one.Address}")
            .Concat(service.Endpoint.Ports.Where(port => port.PublishMode == PublishMode.Ingress).Select(port => $"port {port.Protocol} {port.PublishedPort}")),
        _ => [],
    };

    private static IEnumerable<string> Keys(IEnumerable<NetworkAttachment> places) => places.SelectMany(place => place.Addresses.Select(address => $"{place.NetworkId} {address}"));
}
