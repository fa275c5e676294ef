using System.Collections.Concurrent;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Dispatch;

/// <summary>
/// When a task that is to stop may be stopped: once every node that has a part in its networks has acknowledged tables in which it serves no more, so that
/// no new connection meets a closing door. A node that does not answer is waited for so long and no longer.
/// </summary>
internal sealed class Drains(SessionTable sessions, TimeProvider time)
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Drain> _drains = new(StringComparer.Ordinal);

    /// <param name="picture">Of now: the task serves no more in it.</param>
    internal bool MayStop(SwarmTask task, NetworkPicture picture)
    {
        var drain = _drains.GetOrAdd(task.Id, _ => new Drain(
            time.GetTimestamp(),
            [.. task.Networks.Select(place => picture.ByNetwork.GetValueOrDefault(place.NetworkId)).OfType<NetworkTable>().Select(table => (table.Network.Id, table.Index))]));
        return time.GetElapsedTime(drain.Since) >= Patience || drain.Networks.All(one => IsAcknowledged(one.NetworkId, one.Index, picture));
    }

    /// <summary>How long the first of the tasks on a node that wait for others may still do so; null: none waits.</summary>
    internal TimeSpan? Wait(IEnumerable<string> tasks)
    {
        TimeSpan? least = null;
        foreach (var id in tasks)
        {
            if (_drains.TryGetValue(id, out var drain))
            {
                var left = Patience - time.GetElapsedTime(drain.Since);
                least = least < left ? least : left > TimeSpan.Zero ? left : TimeSpan.Zero;
            }
        }

        return least;
    }

    /// <summary>The task is told to stop, or is gone.</summary>
    internal void Forget(string taskId) => _drains.TryRemove(taskId, out _);

    private bool IsAcknowledged(string networkId, long index, NetworkPicture picture) =>
        picture.ByNetwork.GetValueOrDefault(networkId) is not { } table || table.Peers.Keys.All(nodeId => HasAcknowledged(nodeId, index, picture.View));

    /// <summary>A node that is not Down may send something, also one that has not found this leader yet. One of an older version makes no networks.</summary>
    private bool HasAcknowledged(string nodeId, long index, StoreView view) =>
        view.Nodes.Find(nodeId) is null or { Status.State: NodeState.Down or NodeState.Unknown }
        || sessions.Find(nodeId) is { } session && (session is { HasNetworks: false, StreamBroken: false } || session.Acknowledged >= index);

    /// <param name="Since">Timestamp of the first time that somebody asked.</param>
    /// <param name="Networks">With the index of the first table in which it serves no more, or of a later one.</param>
    private sealed record Drain(long Since, List<(string NetworkId, long Index)> Networks);
}
