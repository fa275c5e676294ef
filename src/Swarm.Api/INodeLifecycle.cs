using Swarm.Manager.Logs;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Api;

/// <summary>This node's life in a cluster, as the API drives it. The executable implements it.</summary>
public interface INodeLifecycle
{
    NodeSwarmState State { get; }

    /// <summary>The replicated store, while this node is a manager; otherwise null.</summary>
    IObjectStore? Store { get; }

    /// <summary>The way to the tasks of all nodes, while this node is a manager; otherwise null.</summary>
    NodeTaskAccess? Tasks { get; }

    /// <summary>Makes a new cluster of which this node is the first manager. Answers the node id.</summary>
    /// <exception cref="Swarm.Engine.EngineException">503 if already part of a swarm; 400 for bad addresses; Docker's texts.</exception>
    Task<string> InitAsync(SwarmInit request, CancellationToken cancellation);

    Task JoinAsync(SwarmJoin request, CancellationToken cancellation);

    Task LeaveAsync(bool force, CancellationToken cancellation);

    /// <summary>Gives the leadership to another manager: to the one of this node id, or with an empty id to whoever is elected. Answers who leads then.</summary>
    /// <exception cref="Swarm.Engine.EngineException">404: not a manager; 409: nobody else could lead; 503: this node is no manager.</exception>
    Task<string> TransferLeadershipAsync(string successor, CancellationToken cancellation);

    /// <summary>Looks for a manager at an address (host[:port]), tells it where this node is, and learns from it where the others are.</summary>
    /// <exception cref="Swarm.Engine.EngineException">503: none of this cluster answers there.</exception>
    Task MeetAsync(string address, CancellationToken cancellation);

    /// <summary>Opens a locked manager; returns once it takes part in its cluster again.</summary>
    /// <param name="key">SWMKEY-1-...</param>
    /// <exception cref="Swarm.Engine.EngineException">400: no key; 401: the wrong one; 409: not locked; 503: no manager.</exception>
    Task UnlockAsync(string key, CancellationToken cancellation);
}

/// <summary>Docker's words for a manager that waits for its unlock key.</summary>
public static class SwarmLocked
{
    public const string Text = "Swarm is encrypted and needs to be unlocked before it can be used. Please use \"docker swarm unlock\" to unlock it.";
}

public enum LocalNodeState { Inactive, Pending, Active, Error, Locked }

/// <param name="NodeAddress">The advertised address, without port.</param>
/// <param name="RemoteManagers">Node id and host:port of the known managers.</param>
public sealed record NodeSwarmState(
    LocalNodeState LocalState,
    string NodeId,
    string ClusterId,
    string NodeAddress,
    bool ControlAvailable,
    string Error,
    IReadOnlyList<(string NodeId, string Address)> RemoteManagers);

/// <param name="ListenAddress">host[:port]; empty: 0.0.0.0:2377.</param>
/// <param name="AdvertiseAddress">host[:port] or interface[:port]; empty: found by this host's addresses.</param>
public sealed record SwarmInit(
    string ListenAddress,
    string AdvertiseAddress,
    string DataPathAddress,
    int DataPathPort,
    IReadOnlyList<string> DefaultAddressPool,
    int SubnetSize,
    bool ForceNewCluster,
    NodeAvailability Availability,
    ClusterSpec Spec);

public sealed record SwarmJoin(
    string ListenAddress,
    string AdvertiseAddress,
    string DataPathAddress,
    IReadOnlyList<string> RemoteAddresses,
    string JoinToken,
    NodeAvailability Availability)
{
    public override string ToString() => $"SwarmJoin {{ {string.Join(',', RemoteAddresses)} }}";
}
