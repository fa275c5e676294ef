using System.Net;
using DotNext.IO;
using DotNext.Net;
using DotNext.Net.Cluster;
using DotNext.Net.Cluster.Consensus.Raft;
using Swarm.Store.Consensus.Raft.Disk;

namespace Swarm.Store.Consensus.Raft;

/// <summary>
/// A member as the Raft core calls it, spoken to through the cluster's own transport. Splits appends and bounds each call by itself
/// (design/store.md, H6 and H7), and notes what the member holds on disk (H2). The core makes one append at a time to a member.
/// </summary>
internal sealed class RaftPeer(string nodeId, RaftPeer.Shared shared) : IRaftClusterMember, IDisposable
{
    private IRaftClusterMember.ReplicationState _state;
    private CancellationTokenSource _pending = new();
    private volatile ClusterMemberStatus _status;
    private long _answeredAt = shared.Time.GetTimestamp();
    private volatile bool _outpaced;

    /// <summary>What all the peers of a node have in common.</summary>
    internal sealed record Shared(
        RaftOptions Options, IPeerTransport Transport, TimeProvider Time, MatchTable Matches, Func<long, SealedReader?> OpenSnapshot,
        Func<RaftPeer, bool> IsLeader, Ballot Ballot, Func<bool> Abstains);

    public event Action<ClusterMemberStatusChangedEventArgs> MemberStatusChanged
    {
        add { }
        remove { }
    }

    public EndPoint EndPoint { get; } = NodeEndPoint.Of(nodeId);

    public ClusterMemberId Id { get; } = NodeEndPoint.MemberIdOf(nodeId);

    public bool IsRemote { get; } = nodeId != shared.Options.NodeId;

    public bool IsLeader => shared.IsLeader(this);

    public ClusterMemberStatus Status => IsRemote ? _status : ClusterMemberStatus.Available;

    /// <summary>Whether it answers: a call that is not answered yet may take long to fail, so the last answer must not be old either.</summary>
    internal bool IsReachable => !IsRemote
        || (_status == ClusterMemberStatus.Available && shared.Time.GetElapsedTime(Volatile.Read(ref _answeredAt)) < 2 * shared.Options.UpperElectionTimeout);

    ref IRaftClusterMember.ReplicationState IRaftClusterMember.State => ref _state;

    internal string NodeId => nodeId;

    internal long NextIndex => _state.NextIndex;

    public ValueTask<IReadOnlyDictionary<string, string>> GetMetadataAsync(bool refresh, CancellationToken token) =>
        new(System.Collections.Frozen.FrozenDictionary<string, string>.Empty);

    public async Task<Result<bool>> VoteAsync(long term, long lastLogIndex, long lastLogTerm, CancellationToken token)
    {
        var round = shared.Ballot.Join(RaftKind.Vote, term, nodeId);
        if (!IsRemote)
        {
            await shared.Ballot.GrantedAsync(round).ConfigureAwait(false);
            return new Result<bool> { Term = term, Value = true };
        }

        var request = new WireWriter().Byte((byte)RaftKind.Vote).Number(term).Number(lastLogIndex).Number(lastLogTerm).Written;
        var result = ReadVote(await CallAsync(request, shared.Options.VoteTimeout, token, round.Decision.Token).ConfigureAwait(false));
        if (result.Value)
        {
            await shared.Ballot.GrantedAsync(round).ConfigureAwait(false);
        }

        return result;
    }

    public async Task<Result<PreVoteResult>> PreVoteAsync(long term, long lastLogIndex, long lastLogTerm, CancellationToken token)
    {
        var round = shared.Ballot.Join(RaftKind.PreVote, term, nodeId);
        if (!IsRemote)
        {
            if (shared.Abstains())
            {
                return new Result<PreVoteResult> { Term = term, Value = PreVoteResult.RejectedByLeader };
            }

            await shared.Ballot.GrantedAsync(round).ConfigureAwait(false);
            return new Result<PreVoteResult> { Term = term, Value = PreVoteResult.Accepted };
        }

        var request = new WireWriter().Byte((byte)RaftKind.PreVote).Number(term).Number(lastLogIndex).Number(lastLogTerm).Written;
        var result = ReadPreVote(await CallAsync(request, shared.Options.VoteTimeout, token, round.Decision.Token).ConfigureAwait(false));
        if (result.Value == PreVoteResult.Accepted)
        {
            await shared.Ballot.GrantedAsync(round).ConfigureAwait(false);
        }

        return result;
    }

    public async Task<Result<ReplicationStatus>> AppendEntriesAsync<TEntry, TList>(
        long term, TList entries, long prevLogIndex, long prevLogTerm, long commitIndex, CancellationToken token)
        where TEntry : IRaftLogEntry where TList : IReadOnlyList<TEntry>
    {
        if (!IsRemote)
        {
            return Answer(term, HeartbeatResult.ReplicatedWithLeaderTerm, prevLogIndex + entries.Count);
        }

        if (_outpaced)
        {
            // A majority voted before this one answered. A leader's first round is always refused (the core starts after its own no-op), and with a
            // refusal in it the core waits for the silent, too; so this one sits that round out, and the no-op commits in the next.
            _outpaced = false;
            _status = ClusterMemberStatus.Unavailable;
            throw new MemberUnavailableException(this, $"manager {nodeId} did not answer in the election");
        }

        var next = 0;
        var anyOfThisTerm = false;
        while (true)
        {
            var message = AppendRequest.Begin(term, prevLogIndex, prevLogTerm, commitIndex);
            var first = next;
            for (; next < entries.Count && (next == first || message.Written.Length < shared.Options.MaxAppendBytes); next++)
            {
                var entry = entries[next];
                var content = await entry.ToByteArrayAsync(token: token).ConfigureAwait(false);
                if (next > first && message.Written.Length + content.Length > shared.Options.MaxAppendBytes)
                {
                    break;
                }

                AppendRequest.Add(message, entry, content);
            }

            var result = ReadAppend(await CallAsync(message.Written, AppendTimeout, token).ConfigureAwait(false));
            if (result.Value.Result is not (HeartbeatResult.Replicated or HeartbeatResult.ReplicatedWithLeaderTerm) || result.Term > term)
            {
                shared.Matches.Lower(nodeId, term, result.Value.LastIndex);
                return result;
            }

            // What arrived stays there, also if a later part fails: the next attempt goes on from here.
            prevLogIndex += next - first;
            prevLogTerm = next > 0 ? entries[next - 1].Term : prevLogTerm;
            shared.Matches.Acknowledge(nodeId, term, prevLogIndex);
            anyOfThisTerm |= result.Value.Result == HeartbeatResult.ReplicatedWithLeaderTerm;
            if (next == entries.Count)
            {
                return anyOfThisTerm ? Answer(result.Term, HeartbeatResult.ReplicatedWithLeaderTerm, prevLogIndex) : result;
            }

            _state.NextIndex = prevLogIndex + 1;
        }
    }

    public async Task<Result<HeartbeatResult>> InstallSnapshotAsync(
        long term, IRaftLogEntry snapshot, long snapshotIndex, IDataTransferObject configuration, long configurationVersion, CancellationToken token)
    {
        var members = await configuration.ToByteArrayAsync(token: token).ConfigureAwait(false);
        await using var stream = shared.OpenSnapshot(snapshotIndex)
            ?? throw new MemberUnavailableException(this, "a newer snapshot took the place of the one to send");
        var buffer = new byte[shared.Options.MaxAppendBytes];
        for (long offset = 0; ;)
        {
            var read = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, token).ConfigureAwait(false);
            var chunk = new SnapshotChunk(term, snapshotIndex, stream.Term, stream.Length, offset, buffer.AsMemory(0, read), members, configurationVersion);
            var timeout = chunk.IsLast ? shared.Options.SnapshotInstallTimeout : shared.Options.SnapshotChunkTimeout;
            var result = ReadSnapshot(await CallAsync(chunk.ToMessage(), timeout, token).ConfigureAwait(false));
            if (result.Term > term || result.Value == HeartbeatResult.Rejected)
            {
                return result;
            }

            offset += read;
            if (chunk.IsLast)
            {
                shared.Matches.Acknowledge(nodeId, term, snapshotIndex);
                return result;
            }
        }
    }

    public Task<long?> SynchronizeAsync(long commitIndex, CancellationToken token) =>
        throw new NotSupportedException("reads go through our own barrier (design/store.md, H3)");

    public async Task<bool> ResignAsync(CancellationToken token) =>
        (await CallAsync(new WireWriter().Byte((byte)RaftKind.Resign).Written, shared.Options.RequestTimeout, token).ConfigureAwait(false)).Span is [1, ..];

    public ValueTask CancelPendingRequestsAsync()
    {
        using var old = Interlocked.Exchange(ref _pending, new CancellationTokenSource());
        old.Cancel();
        return ValueTask.CompletedTask;
    }

    public void Dispose() => _pending.Dispose();

    internal static ReadOnlyMemory<byte> ToMessage(Result<ReplicationStatus> result) =>
        new WireWriter().Number(result.Term).Byte((byte)result.Value.Result).Number(result.Value.LastIndex).Written;

    internal static ReadOnlyMemory<byte> ToMessage(long term, byte value) => new WireWriter().Number(term).Byte(value).Written;

    /// <summary>
    /// The core may wait for the slowest member before its next round, so a silent one must not hold the others' heartbeats up until they elect
    /// another leader. What a member takes longer to write it still keeps, and the next attempt goes on from there.
    /// </summary>
    private TimeSpan AppendTimeout => _status == ClusterMemberStatus.Unavailable ? shared.Options.ProbeTimeout : shared.Options.AppendTimeout;

    private static Result<ReplicationStatus> Answer(long term, HeartbeatResult result, long lastIndex) =>
        new() { Term = term, Value = new ReplicationStatus { Result = result, LastIndex = lastIndex } };

    private static Result<ReplicationStatus> ReadAppend(ReadOnlyMemory<byte> answer)
    {
        var reader = new WireReader(answer);
        return Answer(reader.Number(), (HeartbeatResult)reader.Byte(), reader.Number());
    }

    private static Result<HeartbeatResult> ReadSnapshot(ReadOnlyMemory<byte> answer)
    {
        var reader = new WireReader(answer);
        return new Result<HeartbeatResult> { Term = reader.Number(), Value = (HeartbeatResult)reader.Byte() };
    }

    private static Result<bool> ReadVote(ReadOnlyMemory<byte> answer)
    {
        var reader = new WireReader(answer);
        return new Result<bool> { Term = reader.Number(), Value = reader.Byte() != 0 };
    }

    private static Result<PreVoteResult> ReadPreVote(ReadOnlyMemory<byte> answer)
    {
        var reader = new WireReader(answer);
        return new Result<PreVoteResult> { Term = reader.Number(), Value = (PreVoteResult)reader.Byte() };
    }

    /// <param name="moot">The answer no longer matters: others decided without it.</param>
    private async Task<ReadOnlyMemory<byte>> CallAsync(ReadOnlyMemory<byte> request, TimeSpan timeout, CancellationToken token, CancellationToken moot = default)
    {
        using var timer = new CancellationTokenSource(timeout, shared.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource([token, timer.Token, _pending.Token, moot]);
        try
        {
            var answer = await shared.Transport.CallAsync(nodeId, request, linked.Token).ConfigureAwait(false);
            _status = ClusterMemberStatus.Available;
            Volatile.Write(ref _answeredAt, shared.Time.GetTimestamp());
            _outpaced = false;
            return answer;
        }
        catch (Exception e) when (!token.IsCancellationRequested && e is IOException or OperationCanceledException)
        {
            if (moot.IsCancellationRequested)
            {
                _outpaced = true;
            }
            else
            {
                _status = ClusterMemberStatus.Unavailable;
            }

            throw new MemberUnavailableException(this, $"manager {nodeId} did not answer", e);
        }
        catch (IOException) when (token.IsCancellationRequested)
        {
            throw new OperationCanceledException(token);
        }
    }
}
