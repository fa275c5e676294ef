using DotNext.Net.Cluster.Consensus.Raft;

namespace Swarm.Store.Consensus.Raft;

/// <summary>Linearizable reads: who leads confirms it, everybody else asks who leads up to where to wait (design/store.md, H3).</summary>
public sealed partial class RaftConsensus
{
    public async ValueTask<long> ReadBarrierAsync(CancellationToken cancellation)
    {
        // Taken first: one that is cancelled too early is only asked again.
        var tenure = _tracker.Tenure;
        var leadership = _tracker.Current;
        if (leadership.IsLeader)
        {
            await LeadBarrierAsync(cancellation).ConfigureAwait(false);
            return leadership.Term;
        }

        if (leadership.LeaderId is not { } leader || leader == NodeId)
        {
            throw new NoLeaderException();
        }

        using var linked = CancellationTokenSource.CreateLinkedTokenSource(tenure, cancellation);
        try
        {
            var answer = await _transport.CallAsync(leader, new WireWriter().Byte((byte)RaftKind.ReadIndex).Written, linked.Token).ConfigureAwait(false);
            if (ReadIndex(answer) is not { } read)
            {
                throw new NoLeaderException();
            }

            await _log.WaitForApplyAsync(read.Index, cancellation).ConfigureAwait(false);
            return read.Term;
        }
        catch (Exception e) when (e is IOException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            // Also where a leader that is gone was still being waited for when the next one was elected.
            throw new NoLeaderException();
        }
    }

    private async Task<ReadOnlyMemory<byte>> OnReadIndexAsync(CancellationToken cancellation)
    {
        if (_tracker.Current is not { IsLeader: true } leadership)
        {
            return new WireWriter().Byte(0).Written;
        }

        try
        {
            await LeadBarrierAsync(cancellation).ConfigureAwait(false);
            return new WireWriter().Byte(1).Number(_log.AppliedIndex).Number(leadership.Term).Written;
        }
        catch (NoLeaderException)
        {
            return new WireWriter().Byte(0).Written;
        }
    }

    /// <summary>A majority confirms that this node still leads, and everything committed until then is applied here.</summary>
    /// <remarks>The core's own barrier repeats itself without a pause where this node has stepped down and not yet heard of another leader (H11).</remarks>
    private async ValueTask LeadBarrierAsync(CancellationToken cancellation)
    {
        var leading = _cluster.LeadershipToken;
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(leading, cancellation);
        try
        {
            var index = _log.LastIndex;
            await _cluster.ForceReplicationAsync(linked.Token).ConfigureAwait(false);
            await _log.WaitForApplyAsync(index, linked.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is QuorumUnreachableException or NotLeaderException or ObjectDisposedException
            || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new NoLeaderException();
        }
    }

    /// <summary>Term 0: a leader of an older version.</summary>
    private static (long Index, long Term)? ReadIndex(ReadOnlyMemory<byte> answer)
    {
        var reader = new WireReader(answer);
        return reader.Byte() == 0 ? null : (reader.Number(), reader.AtEnd ? 0 : reader.Number());
    }
}
