using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Swarm.Store.Consensus.Raft;

/// <summary>Follows who leads, by one loop, and says that this node does only once everything of earlier terms is applied here.</summary>
internal sealed partial class LeadershipTracker(string nodeId, GuardedCluster cluster, RaftLog log, ILogger logger)
{
    private readonly Channel<bool> _looks = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    private volatile Leadership _current = Leadership.None;
    private CancellationTokenSource _tenure = new();

    internal event Action<Leadership>? Changed;

    internal Leadership Current => _current;

    /// <summary>Cancelled at the next change of <see cref="Current"/>.</summary>
    internal CancellationToken Tenure => Volatile.Read(ref _tenure).Token;

    /// <summary>Something has changed that may concern who leads.</summary>
    internal void Look() => _looks.Writer.TryWrite(true);

    internal async Task RunAsync(CancellationToken cancellation)
    {
        while (await _looks.Reader.WaitToReadAsync(cancellation).ConfigureAwait(false))
        {
            _looks.Reader.TryRead(out _);
            if (cluster.Leader?.NodeId == nodeId && log.Leadership is { } own)
            {
                Publish(new Leadership(nodeId, own.Term, false));
                if (await ReadyAsync(own, cancellation).ConfigureAwait(false) is { IsCancellationRequested: false } leading)
                {
                    await LeadAsync(own, leading, cancellation).ConfigureAwait(false);
                }
            }

            var leader = cluster.Leader?.NodeId;
            Publish(new Leadership(leader == nodeId ? null : leader, log.Term, false));
        }
    }

    /// <summary>
    /// Waits until the no-op of this leadership is applied, and with it everything of earlier terms. Answers the token of the leadership, cancelled
    /// if it ended before.
    /// </summary>
    private async Task<CancellationToken> ReadyAsync(RaftLog.OwnLeadership own, CancellationToken cancellation)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var applied = log.WaitForApplyAsync(own.FirstIndex, linked.Token).AsTask();
        var changed = _looks.Reader.WaitToReadAsync(linked.Token).AsTask();
        await Task.WhenAny(applied, changed).ConfigureAwait(false);
        await linked.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(applied, changed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return applied.IsCompletedSuccessfully ? cluster.LeadershipToken : new CancellationToken(canceled: true);
    }

    private async Task LeadAsync(RaftLog.OwnLeadership own, CancellationToken leading, CancellationToken cancellation)
    {
        Publish(new Leadership(nodeId, own.Term, true));
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var end = leading.UnsafeRegister(static source => ((TaskCompletionSource)source!).TrySetResult(), ended).ConfigureAwait(false);
        await ended.Task.WaitAsync(cancellation).ConfigureAwait(false);
        LogLeadershipLost(own.Term);
    }

    private void Publish(Leadership leadership)
    {
        if (_current != leadership)
        {
            _current = leadership;
            LogLeadership(leadership.LeaderId ?? "nobody", leadership.Term, leadership.IsLeader);
            Changed?.Invoke(leadership);

            // Never disposed: it has no timer, and a read may be about to link to it. Those who waited go on elsewhere, not on this loop.
            _ = Interlocked.Exchange(ref _tenure, new CancellationTokenSource()).CancelAsync();
        }
    }

    [LoggerMessage(2011, LogLevel.Information, "{Leader} leads in term {Term} (ready here: {Ready})")]
    private partial void LogLeadership(string leader, long term, bool ready);

    [LoggerMessage(2012, LogLevel.Warning, "this node no longer leads term {Term}")]
    private partial void LogLeadershipLost(long term);
}
