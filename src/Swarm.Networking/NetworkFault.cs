namespace Swarm.Networking;

/// <summary>How a refusal of this room is to be understood.</summary>
public enum NetworkFaultKind
{
    /// <summary>What was asked cannot be had now: the port is taken, the pool is empty, the kernel refuses.</summary>
    Refused,

    /// <summary>What was asked makes no sense.</summary>
    Invalid,

    /// <summary>What was asked is not built.</summary>
    Unsupported,

    /// <summary>No such network, no such driver.</summary>
    NotFound,

    /// <summary>Not allowed: a predefined network, one in use, overlapping addresses.</summary>
    Forbidden,

    /// <summary>It exists already.</summary>
    Conflict,
}

/// <summary>A refusal for the user, in Docker's words where Docker has them.</summary>
public sealed class NetworkFault(NetworkFaultKind kind, string message, Exception? inner = null) : Exception(message, inner)
{
    public NetworkFaultKind Kind { get; } = kind;
}
