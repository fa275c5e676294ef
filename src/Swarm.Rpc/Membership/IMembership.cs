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
public sealed record LeaveManagerRequest;

[MessagePackObject]
public sealed record LeaveManagerResponse;
