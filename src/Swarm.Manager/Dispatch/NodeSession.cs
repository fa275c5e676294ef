using Swarm.Manager.Loops;

namespace Swarm.Manager.Dispatch;

/// <summary>One agent's session with this leader. Written by the calls of that agent, read by the liveness loop: each field on its own.</summary>
/// <param name="hasNetworks">Its agent makes networks, and acknowledges them.</param>
internal sealed class NodeSession(string id, string nodeId, bool hasNetworks, long now)
{
    private readonly CancellationTokenSource _ended = new();
    private long _lastSeen = now;
    private long _acknowledged;
    private volatile bool _registered;
    private volatile bool _streamBroken;
    private volatile bool _drains;

    internal string Id { get; } = id;

    internal string NodeId { get; } = nodeId;

    /// <summary>The store changed in something that this node may have to hear of.</summary>
    internal Signal Changed { get; } = new();

    /// <summary>The session was replaced or given up: its agent must register again.</summary>
    internal CancellationToken Ended => _ended.Token;

    /// <summary>Timestamp of the injected clock.</summary>
    internal long LastSeen
    {
        get => Interlocked.Read(ref _lastSeen);
        set => Interlocked.Exchange(ref _lastSeen, value);
    }

    /// <summary>The node's record says Ready because of this session.</summary>
    internal bool Registered
    {
        get => _registered;
        set => _registered = value;
    }

    internal bool StreamBroken
    {
        get => _streamBroken;
        set => _streamBroken = value;
    }

    internal bool HasNetworks { get; } = hasNetworks;

    /// <summary>The store's index up to which the node's networks are what they should be.</summary>
    internal long Acknowledged
    {
        get => Interlocked.Read(ref _acknowledged);
        set => Interlocked.Exchange(ref _acknowledged, value);
    }

    /// <summary>A task of the node waits until others have acknowledged that it serves no more.</summary>
    internal bool Drains
    {
        get => _drains;
        set => _drains = value;
    }

    internal void End() => _ended.Cancel();
}
