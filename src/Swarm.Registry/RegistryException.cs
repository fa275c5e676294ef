namespace Swarm.Registry;

public enum RegistryFault
{
    /// <summary>No connection, or no answer in time.</summary>
    Unreachable,

    /// <summary>The registry wants credentials, or refused those that it got.</summary>
    Unauthorized,

    /// <summary>DENIED: this user may not, or the repository does not exist.</summary>
    Denied,
    ManifestUnknown,
    NameUnknown,
    BlobUnknown,

    /// <summary>The answer contradicts itself, its digest or a bound.</summary>
    Invalid,

    /// <summary>What was named is no registry's address.</summary>
    BadName,

    /// <summary>Any other status.</summary>
    Server,
}

/// <summary>A registry's refusal, in the form that Docker prints: "denied: requested access to the resource is denied".</summary>
public sealed class RegistryException(RegistryFault fault, string message, Exception? inner = null) : Exception(message, inner)
{
    public RegistryFault Fault { get; } = fault;
}
