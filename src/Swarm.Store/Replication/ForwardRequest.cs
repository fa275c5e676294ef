using System.Collections.Immutable;
using MessagePack;
using Swarm.Model;

namespace Swarm.Store.Replication;

/// <summary>
/// Transactions that a follower passes on together. To a leader of the first version it is a <see cref="LogTransaction"/>: it commits the first and
/// answers that alone, and the others are sent again.
/// </summary>
[MessagePackObject]
public sealed record ForwardRequest : VersionedRecord
{
    [Key(0)] public ImmutableArray<StoredChange> Changes { get; init; } = [];
    [Key(1)] public ImmutableArray<LogTransaction> More { get; init; } = [];

    /// <summary>
    /// The leadership that the transactions are for, so that none is appended in a later one; 0 of a follower that does not say, and that must be told of
    /// its commits by a round of the consensus.
    /// </summary>
    [Key(2)] public long Term { get; init; }

    /// <summary>Whose each of the transactions is. An older leader commits them without.</summary>
    [Key(3)] public ImmutableArray<TransactionOwner> Owners { get; init; } = [];

    internal static ForwardRequest Of(IReadOnlyList<Queued> batch, long term) => new()
    {
        Changes = batch[0].Transaction.Changes,
        More = [.. batch.Skip(1).Select(queued => queued.Transaction)],
        Term = term,
        Owners = [.. batch.Select(queued => queued.Owner)],
    };

    internal ImmutableArray<LogTransaction> Transactions() => [new LogTransaction { Changes = Changes }, .. More];

    internal TransactionOwner OwnerOf(int transaction) => transaction < Owners.Length ? Owners[transaction] : TransactionOwner.Nobody;
}

/// <summary>The leader's answer to what a follower passed on.</summary>
[MessagePackObject]
public sealed record ForwardAnswer
{
    /// <summary>False: this node does not lead and nothing was appended.</summary>
    [Key(0)] public bool Leads { get; init; }
    [Key(1)] public CommitStatus Status { get; init; }
    [Key(2)] public long Index { get; init; }
    [Key(3)] public string? ObjectId { get; init; }

    /// <summary>One for each of <see cref="ForwardRequest.More"/>; fewer if the leader does not know them, and then they were not appended.</summary>
    [Key(4)] public ImmutableArray<ForwardAnswer> More { get; init; } = [];

    /// <summary>The term in which the answering manager leads, if it does.</summary>
    [Key(5)] public long Term { get; init; }

    /// <summary>Null: certainly not appended.</summary>
    [IgnoreMember] public CommitResult? Result => Leads ? new CommitResult(Status, Index, ObjectId) : null;

    internal static ForwardAnswer Of(CommitResult? result) =>
        result is { } known ? new() { Leads = true, Status = known.Status, Index = known.Index, ObjectId = known.ObjectId } : new();
}
