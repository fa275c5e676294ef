using System.Collections.Concurrent;
using Swarm.Manager.Loops;
using Swarm.Rpc;

namespace Swarm.Manager.Dispatch;

/// <summary>The sessions of one leadership term, one a node.</summary>
internal sealed class SessionTable(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, NodeSession> _sessions = new(StringComparer.Ordinal);

    /// <summary>A session began, broke or came back to life: the liveness loop should look.</summary>
    internal Signal Liveness { get; } = new();

    /// <summary>In the order of the node ids, so that the simulator sees the same order every time.</summary>
    internal IEnumerable<NodeSession> All => _sessions.Values.OrderBy(session => session.NodeId, StringComparer.Ordinal);

    internal int Count => _sessions.Count;

    internal NodeSession? Find(string nodeId) => _sessions.GetValueOrDefault(nodeId);

    /// <summary>A new session of the node; the one before it ends.</summary>
    internal NodeSession Open(string sessionId, string nodeId, bool hasNetworks)
    {
        var session = new NodeSession(sessionId, nodeId, hasNetworks, time.GetTimestamp());
        NodeSession? former = null;
        _sessions.AddOrUpdate(nodeId, session, (_, current) =>
        {
            former = current;
            return session;
        });
        former?.End();
        return session;
    }

    internal void Break(NodeSession session)
    {
        session.StreamBroken = true;
        Liveness.Raise();
    }

    /// <summary>The caller's session, seen alive now.</summary>
    /// <exception cref="RpcFault"><see cref="RpcStatus.SessionInvalid"/>.</exception>
    internal NodeSession Touch(string nodeId, string sessionId)
    {
        var session = Find(nodeId);
        if (session is null || session.Id != sessionId || session.Ended.IsCancellationRequested || session.StreamBroken)
        {
            throw new RpcFault(RpcStatus.SessionInvalid, $"the session of node {nodeId} is over: register again");
        }

        session.LastSeen = time.GetTimestamp();
        return session;
    }

    internal void EndAll()
    {
        foreach (var session in All)
        {
            session.End();
        }
    }
}
