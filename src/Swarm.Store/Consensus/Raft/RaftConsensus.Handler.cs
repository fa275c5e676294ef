using DotNext.Net.Cluster;
using DotNext.Net.Cluster.Consensus.Raft;
using Swarm.Linux;
using Swarm.Store.Consensus.Raft.Disk;

namespace Swarm.Store.Consensus.Raft;

/// <summary>The receiving side: what other managers ask of this one.</summary>
public sealed partial class RaftConsensus
{
    public async Task<ReadOnlyMemory<byte>> HandleAsync(string callerNodeId, ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        try
        {
            return await ((RaftKind)request.Span[0] switch
            {
                RaftKind.Append => OnAppendAsync(callerNodeId, request[1..]),
                RaftKind.Vote => OnVoteAsync(callerNodeId, request[1..], cancellation),
                RaftKind.PreVote => OnPreVoteAsync(callerNodeId, request[1..], cancellation),
                RaftKind.SnapshotChunk => OnSnapshotChunkAsync(callerNodeId, request[1..], cancellation),
                RaftKind.ReadIndex => OnReadIndexAsync(cancellation),
                RaftKind.Resign => OnResignAsync(cancellation),
                var kind => throw new InvalidDataException($"managers of this version do not know the message {(byte)kind}"),
            }).ConfigureAwait(false);
        }
        catch (InvalidDataException e)
        {
            LogRefused(e, callerNodeId);
            throw;
        }
    }

    /// <summary>
    /// The only member has no leader but itself: whoever says otherwise was left behind when the quorum was recovered or itself removed, and must not
    /// take the log over, however high its term is. (Another one leads only with this node's vote, given to members alone.)
    /// </summary>
    private bool IsLeftBehind(string caller) => Voters() is [var only] && only == NodeId && caller != NodeId;

    private async Task<ReadOnlyMemory<byte>> OnAppendAsync(string caller, ReadOnlyMemory<byte> message)
    {
        if (IsLeftBehind(caller))
        {
            return RaftPeer.ToMessage(new Result<ReplicationStatus>
            {
                Term = _log.Term,
                Value = new ReplicationStatus { Result = HeartbeatResult.Rejected, LastIndex = _log.LastIndex },
            });
        }

        var answer = await _cluster.OnAppendAsync(caller, ReadAppend(message)).ConfigureAwait(false);
        if (_tracker.Current.Term != _log.Term)
        {
            // Who slept through a term without this leader is told of no change by the core.
            _tracker.Look();
        }

        return RaftPeer.ToMessage(answer);

        static AppendRequest ReadAppend(ReadOnlyMemory<byte> message)
        {
            var reader = new WireReader(message);
            return AppendRequest.Read(ref reader);
        }
    }

    private async Task<ReadOnlyMemory<byte>> OnVoteAsync(string caller, ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        var (term, lastIndex, lastTerm) = ReadVote(message);
        await _cluster.MeetAsync(caller, cancellation).ConfigureAwait(false);
        var result = await _cluster.OnVoteAsync(caller, term, lastIndex, lastTerm, cancellation).ConfigureAwait(false);
        return RaftPeer.ToMessage(result.Term, result.Value ? (byte)1 : (byte)0);
    }

    private async Task<ReadOnlyMemory<byte>> OnPreVoteAsync(string caller, ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        var (term, lastIndex, lastTerm) = ReadVote(message);
        await _cluster.MeetAsync(caller, cancellation).ConfigureAwait(false);
        var result = await _cluster.OnPreVoteAsync(caller, term, lastIndex, lastTerm, cancellation).ConfigureAwait(false);
        return RaftPeer.ToMessage(result.Term, (byte)result.Value);
    }

    private async Task<ReadOnlyMemory<byte>> OnSnapshotChunkAsync(string caller, ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        var chunk = ReadChunk(message);
        await _snapshotGate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (chunk.Term < _log.Term || IsLeftBehind(caller))
            {
                return RaftPeer.ToMessage(_log.Term, (byte)HeartbeatResult.Rejected);
            }

            if (Receive(caller, chunk) is not { } snapshot)
            {
                return RaftPeer.ToMessage(_log.Term, (byte)HeartbeatResult.Replicated);
            }

            var result = await _cluster.OnSnapshotAsync(caller, chunk, snapshot).ConfigureAwait(false);
            return RaftPeer.ToMessage(result.Term, (byte)result.Value);
        }
        finally
        {
            _snapshotGate.Release();
        }

        static SnapshotChunk ReadChunk(ReadOnlyMemory<byte> message)
        {
            var reader = new WireReader(message);
            return SnapshotChunk.Read(ref reader);
        }
    }

    private async Task<ReadOnlyMemory<byte>> OnResignAsync(CancellationToken cancellation) =>
        new WireWriter().Byte(await ResignAsync(cancellation).ConfigureAwait(false) ? (byte)1 : (byte)0).Written;

    private ReceivedSnapshot? Receive(string caller, SnapshotChunk chunk)
    {
        try
        {
            return _download.Add(caller, chunk);
        }
        catch (IOException e) when (LinuxError.IsNoSpace(e))
        {
            _health.Full(e);
            throw;
        }
    }

    private static (long Term, long LastIndex, long LastTerm) ReadVote(ReadOnlyMemory<byte> message)
    {
        var reader = new WireReader(message);
        return (reader.Number(), reader.Number(), reader.Number());
    }
}
