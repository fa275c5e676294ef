using Swarm.Manager.Loops;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Dispatch;

/// <summary>
/// Node states from what is heard of the nodes: Suspect when a node's stream broke or its beats stopped, Down after <see cref="GracePeriods"/>
/// silent periods. A new leader has heard of nobody: everyone is Suspect until it registers or the grace ends. While fewer than half of the nodes have
/// registered with it, the silence is more likely its own, and the grace is twice as long: a cut must not restart the whole cluster.
/// </summary>
internal sealed class LivenessLoop(SessionTable sessions, TimeProvider time) : ControlLoop
{
    /// <summary>Silent heartbeat periods after which a node is Suspect, and after which it is Down.</summary>
    internal const int SuspectPeriods = 2;
    internal const int GracePeriods = 3;

    private readonly long _termStart = time.GetTimestamp();

    internal override string Name => "node liveness";

    internal override Signal Signal => sessions.Liveness;

    internal static TimeSpan PeriodOf(StoreView view) =>
        view.Cluster?.Spec.HeartbeatPeriod is { } period && period > TimeSpan.Zero ? period : new ClusterSpec().HeartbeatPeriod;

    protected override void Begin(StoreView view)
    {
        foreach (var node in view.Nodes)
        {
            Mark(node.Id);
        }
    }

    internal override void Observe(StoreCommit commit)
    {
        foreach (var change in commit.Changes)
        {
            if (change.New is Node node)
            {
                Mark(node.Id);
            }
            else if (change.New is Cluster)
            {
                Begin(commit.View);
            }
        }
    }

    internal override void Signalled(StoreView view)
    {
        foreach (var session in sessions.All)
        {
            Mark(session.NodeId);
        }
    }

    protected override void Decide(string key, StoreView view, ChangeBatch batch, DateTimeOffset now)
    {
        if (view.Nodes.Find(key) is not { } node)
        {
            return;
        }

        var session = sessions.Find(key);
        if (session is null && node.Status.State is not (NodeState.Ready or NodeState.Suspect or NodeState.Disconnected))
        {
            return;
        }

        var period = PeriodOf(view);
        var silence = time.GetElapsedTime(session?.LastSeen ?? _termStart);
        var grace = period * (session is null && sessions.Count * 2 < view.Nodes.Count ? 2 * GracePeriods : GracePeriods);
        if (silence >= grace)
        {
            session?.End();
            Write(node, NodeState.Down, "heartbeat failure", batch);
        }
        else if (session is null || session.StreamBroken || silence >= period * SuspectPeriods)
        {
            // Others may register meanwhile, and then the grace is shorter.
            MarkIn(key, silence < period * GracePeriods ? period * GracePeriods - silence : period);
            if (node.Status.State == NodeState.Ready)
            {
                Write(node, NodeState.Suspect, session is null ? "not heard of since the leader changed" : "the connection to the node is lost", batch);
            }
        }
        else
        {
            MarkIn(key, period * SuspectPeriods - silence);
            if (session.Registered && !session.Ended.IsCancellationRequested)
            {
                Write(node, NodeState.Ready, "", batch);
            }
        }
    }

    private static void Write(Node node, NodeState state, string message, ChangeBatch batch)
    {
        if (node.Status.State != state)
        {
            batch.Update(node with { Status = node.Status with { State = state, Message = message } });
        }
    }
}
