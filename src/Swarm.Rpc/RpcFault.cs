namespace Swarm.Rpc;

public enum RpcStatus : byte
{
    /// <summary>This node is no leader; <see cref="RpcFault.LeaderAddress"/> may say who is.</summary>
    NotLeader = 1,
    Unavailable = 2,
    Unauthenticated = 3,
    PermissionDenied = 4,
    NotFound = 5,
    InvalidArgument = 6,

    /// <summary>The session is gone: register again.</summary>
    SessionInvalid = 7,
    FailedPrecondition = 8,

    /// <summary>The cluster was recovered without the calling manager, which must not act as one any more.</summary>
    Outdated = 9,
}

/// <summary>An expected refusal of a node-to-node call; it crosses the wire with its status and text.</summary>
public sealed class RpcFault(RpcStatus status, string message, string? leaderAddress = null, Exception? inner = null) : Exception(message, inner)
{
    public RpcStatus Status { get; } = status;

    /// <summary>host:port of the leader, where known.</summary>
    public string? LeaderAddress { get; } = leaderAddress;
}
