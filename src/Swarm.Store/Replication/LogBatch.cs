using System.Collections.Immutable;
using MessagePack;
using Swarm.Model;

namespace Swarm.Store.Replication;

/// <summary>One entry of the log: transactions that travel together, each committed whole or refused whole.</summary>
[MessagePackObject]
public sealed record LogBatch : VersionedRecord
{
    /// <summary>The proposer's clock: every replica stamps the records with the same time.</summary>
    [Key(0)] public DateTimeOffset Time { get; init; }

    /// <summary>Node id of the manager that waits for the results.</summary>
    [Key(1)] public string Proposer { get; init; } = "";
    [Key(2)] public ImmutableArray<LogTransaction> Transactions { get; init; } = [];

    /// <summary>Whose each of the transactions is; fewer, or none, where an older version did not say.</summary>
    [Key(3)] public ImmutableArray<TransactionOwner> Owners { get; init; } = [];
}

/// <summary>The manager whose caller waits for a transaction, and its number for it: by these it finds the outcome in the log, should the answer be lost.</summary>
[MessagePackObject]
public sealed record TransactionOwner : VersionedRecord
{
    internal static readonly TransactionOwner Nobody = new();

    [Key(0)] public string NodeId { get; init; } = "";
    [Key(1)] public long Number { get; init; }
}

[MessagePackObject]
public sealed record LogTransaction : VersionedRecord
{
    [Key(0)] public ImmutableArray<StoredChange> Changes { get; init; } = [];

    /// <summary>Bytes in the log, within a few percent.</summary>
    internal long Size()
    {
        const int frame = 64;
        var size = 0L;
        foreach (var change in Changes)
        {
            size += change.Body.Length + change.Id.Length + (change.Name?.Length ?? 0) + frame;
        }

        return size;
    }
}
