using System.Collections.Immutable;
using MessagePack;
using Swarm.Rpc.Dispatch;
using Swarm.Security;

namespace Swarm.Rpc.Membership;

/// <summary>How managers enter and leave the consensus. Only the leader answers; any other fails with <see cref="RpcStatus.NotLeader"/>.</summary>
public interface IMembership
{
    /// <summary>
    /// Makes the calling node a member: returns once it has caught up and votes. The caller must already answer consensus calls at its address.
    /// Asking again is harmless, and renews the address.
    /// </summary>
    /// <exception cref="RpcFault"><see cref="RpcStatus.FailedPrecondition"/>: the cluster does not want this node as a manager.</exception>
    Task<JoinManagerResponse> JoinManagerAsync(NodeIdentity caller, JoinManagerRequest request, CancellationToken cancellation);

    /// <summary>Takes the calling node out of the consensus.</summary>
    /// <exception cref="RpcFault"><see cref="RpcStatus.FailedPrecondition"/>: the rest would have no quorum.</exception>
    Task<LeaveManagerResponse> LeaveManagerAsync(NodeIdentity caller, LeaveManagerRequest request, CancellationToken cancellation);

    /// <summary>Gives the leadership away; returns once another manager leads.</summary>
    /// <exception cref="RpcFault">
    /// <see cref="RpcStatus.FailedPrecondition"/>: nobody else could lead; <see cref="RpcStatus.NotFound"/>: the wanted successor is no manager.
    /// </exception>
    Task<TransferLeadershipResponse> TransferLeadershipAsync(NodeIdentity caller, TransferLeadershipRequest request, CancellationToken cancellation);
}

[MessagePackObject]
public sealed record JoinManagerRequest
{
    /// <summary>host:port at which the other managers dial the caller; a host of 0.0.0.0 or none means the address that the call came from.</summary>
    [Key(0)] public string Address { get; init; } = "";
}

[MessagePackObject]
public sealed record JoinManagerResponse
{
    [Key(0)] public ImmutableArray<ManagerAddress> Managers { get; init; } = [];
}

[MessagePackObject]
public sealed record TransferLeadershipRequest
{
    /// <summary>Node id of the wanted successor; empty: whoever wins the election. It must be able to lead; that it will is not promised.</summary>
    [Key(0)] public string Successor { get; init; } = "";
}

[MessagePackObject]
public sealed record TransferLeadershipResponse
{
    /// <summary>Node id of the manager that leads now.</summary>
    [Key(0)] public string LeaderId { get; init; } = "";
}

/// <summary>
/// A node whose address has changed, or that has lost sight of the managers, says where it is and asks who else is there. Every node with a
/// manager's certificate answers, also one without a quorum: that is what it is for.
/// </summary>
[MessagePackObject]
public sealed record MeetRequest
{
    /// <summary>As <see cref="JoinManagerRequest.Address"/>.</summary>
    [Key(0)] public string Address { get; init; } = "";
}

[MessagePackObject]
public sealed record MeetResponse
{
    /// <summary>Of the node that answers.</summary>
    [Key(0)] public string NodeId { get; init; } = "";

    /// <summary>The managers that it knows, itself perhaps among them.</summary>
    [Key(1)] public ImmutableArray<ManagerAddress> Managers { get; init; } = [];
}

[MessagePackObject]
public sealed record LeaveManagerRequest;

[MessagePackObject]
public sealed record LeaveManagerResponse;
