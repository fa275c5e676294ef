using Swarm.Engine;
using Swarm.Manager.Certificates;
using Swarm.Manager.Control;
using Swarm.Manager.Logs;
using Swarm.Store;

namespace Swarm.Api.Membership;

/// <summary>The way to the cluster's control, which only a manager has; elsewhere Docker's 503.</summary>
/// <param name="newToken">A new join token for a root certificate's digest (sha256:hex).</param>
public sealed class ManagerAccess(INodeLifecycle node, IdSource ids, ServiceValidation validation, TimeProvider time, Func<string, string> newToken, RootChange roots)
{
    private const string NoSwarm =
        "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.";

    private const string Worker =
        "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state. " +
        "Please run this command on a manager node or promote the current node to a manager.";

    private const string Preparing = "This node is not a swarm manager. Manager is being prepared or has trouble connecting to the cluster.";

    /// <exception cref="EngineException">503: this node is no manager.</exception>
    public IObjectStore Store => node.Store ?? throw new EngineException(503, NoManagerText(node.State));

    /// <inheritdoc cref="INodeLifecycle.Tasks"/>
    /// <exception cref="EngineException">503: this node is no manager.</exception>
    public NodeTaskAccess Tasks => node.Tasks ?? throw new EngineException(503, NoManagerText(node.State));

    public bool IsManager => node.Store is not null;

    /// <summary>This node's id; empty outside of a cluster.</summary>
    public string NodeId => node.State.NodeId;

    /// <param name="localNetwork">The name of the network of this node alone that a user means; null: there is none.</param>
    public ServiceControl ServicesBeside(Func<string, string?> localNetwork) => new(Store, ids, validation, time, localNetwork);

    public NetworkControl Networks => new(Store, ids, time);

    public ServiceControl Services => new(Store, ids, validation, time);

    /// <summary>Of secrets, or of configs.</summary>
    public PayloadControl Payloads(PayloadKind kind) => new(Store, ids, kind);

    public NodeControl Nodes => new(Store);

    public ClusterControl Cluster => new(Store, newToken, roots);

    /// <summary>Why a node in this state has no store to offer.</summary>
    public static string NoManagerText(NodeSwarmState state) => state switch
    {
        { LocalState: LocalNodeState.Locked } => SwarmLocked.Text,
        { LocalState: LocalNodeState.Inactive } => NoSwarm,
        { ControlAvailable: true } or { LocalState: LocalNodeState.Pending } => Preparing,
        { LocalState: LocalNodeState.Error } => NoSwarm,
        _ => Worker,
    };

    /// <summary>Everything acknowledged before the call is in the view, whichever manager acknowledged it.</summary>
    public ValueTask<StoreView> ReadAsync(CancellationToken cancellation) => Store.ReadAsync(cancellation);
}
