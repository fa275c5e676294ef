using System.Collections.Immutable;
using MessagePack;
using Swarm.Model;
using Swarm.Security;
using TaskStatus = Swarm.Model.TaskStatus;

namespace Swarm.Rpc.Dispatch;

/// <summary>
/// The managers' side of a node's agent. Only the leader answers; any other manager fails with <see cref="RpcStatus.NotLeader"/>.
/// A node may speak only for itself: the id comes from the certificate.
/// </summary>
public interface IDispatcher
{
    /// <summary>
    /// Registers the node and streams what it must know: first a full set of assignments, then changes. The stream's end is the session's end;
    /// a second session of the same node ends the first.
    /// </summary>
    IAsyncEnumerable<SessionMessage> SessionAsync(NodeIdentity caller, SessionRequest request, CancellationToken cancellation);

    /// <exception cref="RpcFault"><see cref="RpcStatus.SessionInvalid"/>: register again.</exception>
    Task<HeartbeatResponse> HeartbeatAsync(NodeIdentity caller, HeartbeatRequest request, CancellationToken cancellation);

    /// <summary>Returns once the statuses are in the store. Statuses of tasks that are not on the caller's node, or that would go back, are ignored.</summary>
    Task UpdateTaskStatusAsync(NodeIdentity caller, UpdateTaskStatusRequest request, CancellationToken cancellation);

    /// <summary>The node's networks are what it was told up to an index.</summary>
    /// <exception cref="RpcFault"><see cref="RpcStatus.SessionInvalid"/>: register again.</exception>
    Task AcknowledgeNetworksAsync(NodeIdentity caller, AcknowledgeNetworksRequest request, CancellationToken cancellation);

    /// <summary>The cluster's network that a user of the node means.</summary>
    Task<FindNetworkResponse> FindNetworkAsync(NodeIdentity caller, FindNetworkRequest request, CancellationToken cancellation);

    /// <summary>
    /// A place on an attachable network for a container of the node that is no task, or other names for the one that it has. The same container's second call
    /// answers the same place.
    /// </summary>
    /// <exception cref="RpcFault">
    /// <see cref="RpcStatus.NotFound"/>: no such network, or no such place; <see cref="RpcStatus.FailedPrecondition"/>: it is not attachable;
    /// <see cref="RpcStatus.InvalidArgument"/>: the addresses can not be had.
    /// </exception>
    Task<AttachNetworkResponse> AttachNetworkAsync(NodeIdentity caller, AttachNetworkRequest request, CancellationToken cancellation);

    /// <summary>Gives such a place back; nothing if there is none.</summary>
    Task DetachNetworkAsync(NodeIdentity caller, DetachNetworkRequest request, CancellationToken cancellation);
}

[MessagePackObject]
public sealed record SessionRequest
{
    [Key(0)] public NodeDescription Description { get; init; } = new();

    /// <summary>host:port at which this node's own RPC can be dialled; its host part becomes the node's address.</summary>
    [Key(1)] public string Address { get; init; } = "";

    /// <summary>The agent makes networks, acknowledges them, and says in <see cref="Places"/> all that it has.</summary>
    [Key(2)] public bool HasNetworks { get; init; }

    /// <summary>The places of its containers that are no tasks; every other one of the node is over.</summary>
    [Key(3)] public ImmutableArray<ContainerPlace> Places { get; init; } = [];

    /// <summary>Where other nodes send the frames of networks, without port; empty: where <see cref="Address"/> is.</summary>
    [Key(4)] public string DataPathAddress { get; init; } = "";
}

[MessagePackObject]
public sealed record SessionMessage
{
    [Key(0)] public string SessionId { get; init; } = "";

    /// <summary>The node's own record, when it changed (role, availability, labels).</summary>
    [Key(1)] public Node? Node { get; init; }

    /// <summary>All managers, when they changed: whom to try next.</summary>
    [Key(2)] public ImmutableArray<ManagerAddress> Managers { get; init; } = [];

    [Key(3)] public Assignments? Assignments { get; init; }

    /// <summary>PEM of the trusted roots, when they changed.</summary>
    [Key(4)] public string? TrustRoot { get; init; }

    /// <summary>sha256:... of the root that the node's certificate shall be of, when it changed: renew if it is of another.</summary>
    [Key(5)] public string? IssuingRoot { get; init; }
}

[MessagePackObject]
public sealed record ManagerAddress
{
    [Key(0)] public string NodeId { get; init; } = "";

    /// <summary>host:port.</summary>
    [Key(1)] public string Address { get; init; } = "";
}

/// <summary>What a node should have. Complete: everything not named must stop and go. Otherwise a change to the last.</summary>
[MessagePackObject]
public sealed record Assignments
{
    [Key(0)] public bool Complete { get; init; }

    /// <summary>New or changed tasks, each whole.</summary>
    [Key(1)] public ImmutableArray<SwarmTask> Tasks { get; init; } = [];

    /// <summary>Ids of tasks that the node must forget, once it has removed what it had of them.</summary>
    [Key(2)] public ImmutableArray<string> RemovedTasks { get; init; } = [];
    [Key(3)] public ImmutableArray<Secret> Secrets { get; init; } = [];
    [Key(4)] public ImmutableArray<string> RemovedSecrets { get; init; } = [];
    [Key(5)] public ImmutableArray<Config> Configs { get; init; } = [];
    [Key(6)] public ImmutableArray<string> RemovedConfigs { get; init; } = [];

    /// <summary>To the tables of the networks that the node has a part in.</summary>
    [Key(7)] public ImmutableArray<NetworkChange> Networks { get; init; } = [];

    /// <summary>Networks that the node has no part in any more.</summary>
    [Key(8)] public ImmutableArray<string> RemovedNetworks { get; init; } = [];

    /// <summary>
    /// The store's index that the networks are of, whether or not any changed: what the node acknowledges once it has made them. 0: from a manager of a
    /// version without networks.
    /// </summary>
    [Key(9)] public long NetworksIndex { get; init; }
}

[MessagePackObject]
public sealed record HeartbeatRequest
{
    [Key(0)] public string SessionId { get; init; } = "";

    /// <summary>What the node now trusts and holds, if it changed since it registered or told last.</summary>
    [Key(1)] public NodeTls? Tls { get; init; }
}

/// <summary>A node's roots and the issuer of its certificate, as its description has them.</summary>
[MessagePackObject]
public sealed record NodeTls
{
    /// <summary>PEM.</summary>
    [Key(0)] public string TrustRoot { get; init; } = "";

    /// <summary>DER.</summary>
    [Key(1)] public byte[] IssuerSubject { get; init; } = [];

    /// <summary>DER, SubjectPublicKeyInfo.</summary>
    [Key(2)] public byte[] IssuerPublicKey { get; init; } = [];

    public static NodeTls Of(NodeCertificate certificate) => new()
    {
        TrustRoot = certificate.Trust.Pem,
        IssuerSubject = certificate.Certificate.IssuerName.RawData,
        IssuerPublicKey = certificate.IssuerPublicKey,
    };

    public NodeDescription In(NodeDescription description) =>
        description with { TrustRoot = TrustRoot, CertIssuerSubject = IssuerSubject, CertIssuerPublicKey = IssuerPublicKey };
}

[MessagePackObject]
public sealed record HeartbeatResponse
{
    /// <summary>When to beat again.</summary>
    [Key(0)] public TimeSpan Period { get; init; }
}

[MessagePackObject]
public sealed record UpdateTaskStatusRequest
{
    [Key(0)] public string SessionId { get; init; } = "";
    [Key(1)] public ImmutableArray<TaskStatusUpdate> Updates { get; init; } = [];
}

[MessagePackObject]
public sealed record TaskStatusUpdate
{
    [Key(0)] public string TaskId { get; init; } = "";
    [Key(1)] public TaskStatus Status { get; init; } = new();
}

/// <summary>The agent's end of the line: finds the leader among the managers it knows and calls it as this node.</summary>
public interface IDispatcherClient
{
    /// <inheritdoc cref="IDispatcher.SessionAsync"/>
    IAsyncEnumerable<SessionMessage> SessionAsync(SessionRequest request, CancellationToken cancellation);

    /// <inheritdoc cref="IDispatcher.HeartbeatAsync"/>
    Task<HeartbeatResponse> HeartbeatAsync(HeartbeatRequest request, CancellationToken cancellation);

    /// <inheritdoc cref="IDispatcher.UpdateTaskStatusAsync"/>
    Task UpdateTaskStatusAsync(UpdateTaskStatusRequest request, CancellationToken cancellation);

    /// <inheritdoc cref="IDispatcher.AcknowledgeNetworksAsync"/>
    Task AcknowledgeNetworksAsync(AcknowledgeNetworksRequest request, CancellationToken cancellation);
}
