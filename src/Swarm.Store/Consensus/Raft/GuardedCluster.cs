using System.Diagnostics.CodeAnalysis;
using System.Net;
using DotNext.Net.Cluster;
using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.Membership;
using DotNext.IO.Log;
using Microsoft.Extensions.Logging;

namespace Swarm.Store.Consensus.Raft;

/// <summary>DotNext's Raft core over <see cref="RaftPeer"/>. Never sets FailureDetectorFactory (design/store.md, H8).</summary>
internal sealed class GuardedCluster : RaftCluster<RaftPeer>
{
    /// <summary>Attempts to bring a new member up to the log's end before it may vote.</summary>
    private const int CatchUpRounds = 200;
    private readonly MemberStorage _storage;
    private readonly Func<string, RaftPeer> _createPeer;

    [SetsRequiredMembers]
    internal GuardedCluster(RaftOptions options, CoreLog log, MemberStorage storage, Func<string, RaftPeer> createPeer, ILogger logger)
        : base(new Configuration(options))
    {
        AuditTrail = log;
        log.ConfigurationStorage = storage;
        _storage = storage;
        _createPeer = createPeer;
        Logger = logger;
    }

    protected override ILogger Logger { get; }

    internal void Follow() => StartFollowing();

    internal async ValueTask ApplyMembersAsync(MemberSet members, CancellationToken cancellation)
    {
        await using var scope = await ChangeConfigurationAsync(cancellation).ConfigureAwait(false);
        var present = scope.Members.Values.ToDictionary(peer => peer.NodeId, StringComparer.Ordinal);
        foreach (var gone in present.Values.Where(peer => !members.NodeIds.Contains(peer.NodeId)))
        {
            scope.MarkAsRemoved(gone);
        }

        foreach (var nodeId in members.NodeIds.Where(id => !present.ContainsKey(id)))
        {
            scope.MarkAsAdded(_createPeer(nodeId));
        }
    }

    /// <summary>
    /// Lets this node vote for one that it does not know, as long as it knows no membership with itself in it: its first one is in the log, which
    /// comes with the next leader, who may need this very vote. The core refuses strangers, Raft does not.
    /// </summary>
    internal async ValueTask MeetAsync(string candidate, CancellationToken cancellation)
    {
        if (IsStranger(Members, candidate))
        {
            await using var scope = await ChangeConfigurationAsync(cancellation).ConfigureAwait(false);
            if (IsStranger(scope.Members.Values, candidate))
            {
                scope.MarkAsAdded(_createPeer(candidate));
            }
        }

        static bool IsStranger(IEnumerable<RaftPeer> members, string candidate) => members.All(peer => peer.IsRemote && peer.NodeId != candidate);
    }

    internal async Task<bool> AddAsync(string nodeId, CancellationToken cancellation)
    {
        using var peer = _createPeer(nodeId);
        return await AddMemberAsync(peer, CatchUpRounds, _storage, static member => member.EndPoint, cancellation).ConfigureAwait(false);
    }

    internal Task<bool> RemoveAsync(string nodeId, CancellationToken cancellation) =>
        RemoveMemberAsync<EndPoint>(NodeEndPoint.MemberIdOf(nodeId), _storage, static member => member.EndPoint, cancellation);

    internal ValueTask<bool> StepDownAsync(CancellationToken cancellation) => ResignAsync(cancellation);

    internal ValueTask<Result<ReplicationStatus>> OnAppendAsync(string sender, AppendRequest request) => AppendEntriesAsync(
        NodeEndPoint.MemberIdOf(sender), request.Term, new LogEntryProducer<CoreEntry>(request.Entries), request.PreviousIndex, request.PreviousTerm,
        request.CommitIndex, 0, CancellationToken.None);

    internal ValueTask<Result<bool>> OnVoteAsync(string sender, long term, long lastIndex, long lastTerm, CancellationToken cancellation) =>
        VoteAsync(NodeEndPoint.MemberIdOf(sender), term, lastIndex, lastTerm, 0, cancellation);

    internal ValueTask<Result<PreVoteResult>> OnPreVoteAsync(string sender, long term, long lastIndex, long lastTerm, CancellationToken cancellation) =>
        PreVoteAsync(NodeEndPoint.MemberIdOf(sender), term + 1, lastIndex, lastTerm, 0, cancellation);

    internal async ValueTask<Result<HeartbeatResult>> OnSnapshotAsync(string sender, SnapshotChunk last, IRaftLogEntry snapshot)
    {
        // The membership first: the entry that made it lies under the snapshot and will never come again.
        await InstallConfigurationAsync(last.Term, MemberSet.Parse(last.Members.Span), last.MembersIndex, CancellationToken.None).ConfigureAwait(false);
        return await InstallSnapshotAsync(NodeEndPoint.MemberIdOf(sender), last.Term, snapshot, last.Index, 0, CancellationToken.None).ConfigureAwait(false);
    }

    private sealed class Configuration(RaftOptions options) : IClusterMemberConfiguration
    {
        public double HeartbeatThreshold => options.Heartbeat / options.UpperElectionTimeout;

        public ElectionTimeout ElectionTimeout => new()
        {
            LowerValue = (int)options.LowerElectionTimeout.TotalMilliseconds,
            UpperValue = (int)options.UpperElectionTimeout.TotalMilliseconds,
        };

        public bool Standby => false;

        // The lease rests on clocks; reads ask a majority instead.
        public bool IsLeaderLeaseEnabled => false;
    }
}
