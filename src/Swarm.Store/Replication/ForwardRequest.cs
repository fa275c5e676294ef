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

    internal static ForwardRequest Of(IReadOnlyList<LogTransaction> transactions) =>
        new() { Changes = transactions[0].Changes, More = [.. transactions.Skip(1)] };

    internal ImmutableArray<LogTransaction> Transactions() => [new LogTransaction { Changes = Changes }, .. More];
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

    /// <summary>Null: certainly not appended.</summary>
    [IgnoreMember] public CommitResult? Result => Leads ? new CommitResult(Status, Index, ObjectId) : null;

    internal static ForwardAnswer Of(CommitResult? result) =>
        result is { } known ? new() { Leads = true, Status = known.Status, Index = known.Index, ObjectId = known.ObjectId } : new();
}
