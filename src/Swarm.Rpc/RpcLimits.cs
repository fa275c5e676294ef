namespace Swarm.Rpc;

/// <summary>The bounds of everything that crosses the wire.</summary>
public static class RpcLimits
{
    public const int DefaultPort = 2377;

    /// <summary>Largest request, and largest answer to a machine that does not trust us yet; bytes.</summary>
    public const int MaxCallSize = 4 << 20;

    /// <summary>Largest message of a stream that a node takes from its manager: a full set of assignments with its secrets; bytes.</summary>
    public const int MaxStreamMessageSize = 256 << 20;

    /// <summary>Calls that one connection may have open.</summary>
    public const int MaxStreamsPerConnection = 1000;

    public const int MaxConnections = 10_000;

    /// <summary>Largest consensus message that goes on a link; a larger one is a call of its own, so that no vote or heartbeat waits behind it. Bytes.</summary>
    public const int MaxLinkedCall = 64 << 10;

    /// <summary>Calls that one link may carry at a time.</summary>
    public const int MaxCallsPerLink = 512;

    /// <summary>For TCP alone: a machine that is off must not delay the next try.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);

    /// <summary>For TCP alone, between managers: within an election timeout, so that a write that was on its way to a dead leader tries the next one.</summary>
    public static readonly TimeSpan ConsensusConnectTimeout = TimeSpan.FromMilliseconds(300);

    /// <summary>For TCP and TLS together.</summary>
    public static readonly TimeSpan DialTimeout = TimeSpan.FromSeconds(3);

    /// <summary>The same for who joins: a user waits for it, on a machine that may be busy.</summary>
    public static readonly TimeSpan JoinDialTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How long a caller may take for its half of the handshake.</summary>
    public static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(5);

    /// <summary>For calls that a manager answers from memory, and for the first message of a stream.</summary>
    public static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);

    /// <summary>For calls that wait for a commit: longer than the store itself waits for a leader.</summary>
    public static readonly TimeSpan CommitTimeout = TimeSpan.FromSeconds(15);

    /// <summary>For becoming a voting member, which waits until the log and snapshot are copied.</summary>
    public static readonly TimeSpan JoinManagerTimeout = TimeSpan.FromMinutes(2);

    /// <summary>After a link to a manager could not be opened, until the next attempt.</summary>
    public static readonly TimeSpan LinkRetry = TimeSpan.FromSeconds(1);

    /// <summary>A silent peer is found after <see cref="PingDelay"/> plus <see cref="PingTimeout"/>.</summary>
    public static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(2);

    /// <summary>How long a stopping server waits for calls in flight.</summary>
    public static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(2);
}
