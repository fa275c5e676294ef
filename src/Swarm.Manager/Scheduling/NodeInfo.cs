using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Swarm.Model;

namespace Swarm.Manager.Scheduling;

/// <summary>A node as the scheduler counts it: what its tasks hold, how many there are, and which of them failed. Owned by the scheduling loop.</summary>
/// <param name="moved">Hears of every change of its counts and of its failures.</param>
internal sealed class NodeInfo(Node node, Action<NodeInfo>? moved = null)
{
    private readonly Dictionary<string, SwarmTask> _tasks = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _activeByService = new(StringComparer.Ordinal);
    private readonly Dictionary<(PortProtocol, int), int> _ports = [];
    private readonly GenericHoldings _generic = new();
    private readonly FailureMemory _failures = new();

    internal string Id { get; } = node.Id;

    internal Node Node { get; set; } = node;

    internal long ReservedNanoCpus { get; private set; }

    internal long ReservedMemory { get; private set; }

    /// <summary>Tasks that run or should, of all services.</summary>
    internal int Active { get; private set; }

    internal int ActiveOf(string serviceId) => _activeByService.GetValueOrDefault(serviceId);

    internal bool HoldsPort(PortConfig port) => port.PublishedPort != 0 && _ports.ContainsKey((port.Protocol, port.PublishedPort));

    /// <inheritdoc cref="GenericHoldings.Choose"/>
    internal ImmutableArray<GenericResource>? ChooseGeneric(ImmutableArray<GenericResource> wanted) =>
        wanted.IsDefaultOrEmpty ? [] : _generic.Choose(wanted, Node.Description.Resources.Generic);

    internal void Failed(SwarmTask task)
    {
        _failures.Add(task);
        moved?.Invoke(this);
    }

    /// <inheritdoc cref="FailureMemory.IsFaulty"/>
    internal bool IsFaulty(SwarmTask task, DateTimeOffset now) => _failures.IsFaulty(task, now);

    /// <summary>Adds the task, or counts it as it is now.</summary>
    internal void Set(SwarmTask task)
    {
        if (task.Status.State.IsTerminal())
        {
            Remove(task.Id);
            return;
        }

        ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(_tasks, task.Id, out var exists);
        var before = known;
        known = task;
        if (exists && CountAlike(before!, task))
        {
            return;
        }

        if (exists)
        {
            Count(before!, -1);
        }

        Count(task, 1);
    }

    internal void Remove(string taskId)
    {
        if (_tasks.Remove(taskId, out var task))
        {
            Count(task, -1);
        }
    }

    private void Count(SwarmTask task, int by)
    {
        ReservedNanoCpus += by * (task.Spec.Reservations?.NanoCpus ?? 0);
        ReservedMemory += by * (task.Spec.Reservations?.MemoryBytes ?? 0);
        _generic.Count(task.AssignedGeneric, by);
        foreach (var port in task.Status.HostPorts)
        {
            Add(_ports, (port.Protocol, port.PublishedPort), by);
        }

        // What is on its way out still holds its resources, but no longer its place in the spread.
        if (task.DesiredState <= TaskState.Running)
        {
            Active += by;
            Add(_activeByService, task.ServiceId, by);
        }

        moved?.Invoke(this);
    }

    /// <summary>Most of what is written of a task is its progress, which changes nothing here.</summary>
    private static bool CountAlike(SwarmTask one, SwarmTask other) =>
        one.DesiredState <= TaskState.Running == other.DesiredState <= TaskState.Running && one.ServiceId == other.ServiceId
        && Equals(one.Spec.Reservations, other.Spec.Reservations) && one.AssignedGeneric == other.AssignedGeneric && one.Status.HostPorts == other.Status.HostPorts;

    private static void Add<TKey>(Dictionary<TKey, int> counts, TKey key, int by) where TKey : notnull
    {
        var count = counts.GetValueOrDefault(key) + by;
        if (count == 0)
        {
            counts.Remove(key);
        }
        else
        {
            counts[key] = count;
        }
    }
}
