using Swarm.Model;
using Swarm.Store.Consensus;

namespace Swarm.Store.Replication;

/// <summary>The tables as the log feeds them. Keeps the results of this node's own batches until the batcher fetches them.</summary>
/// <param name="firstNumber">See <see cref="OwnTransactions"/>.</param>
internal sealed class StoreState(string nodeId, long firstNumber) : IReplicatedState
{
    /// <summary>Results kept for the batcher, which has one batch in flight; more come only from the replay at start.</summary>
    private const int KeptResults = 16;

    private readonly Lock _resultsLock = new();
    private readonly SortedDictionary<long, CommitResult[]> _results = [];

    internal ObjectTables Tables { get; } = new();

    internal OwnTransactions Own { get; } = new(firstNumber);

    public void Apply(long index, long term, ReadOnlyMemory<byte> entry)
    {
        var batch = Codec.Deserialize<LogBatch>(entry);
        var results = Tables.Apply(index, batch.Time, batch.Transactions);
        for (var i = 0; i < Math.Min(results.Length, batch.Owners.Length); i++)
        {
            if (batch.Owners[i].NodeId == nodeId)
            {
                Own.Applied(batch.Owners[i].Number, results[i]);
            }
        }

        if (batch.Proposer == nodeId)
        {
            lock (_resultsLock)
            {
                _results[index] = results;
                if (_results.Count > KeptResults)
                {
                    _results.Remove(_results.Keys.First());
                }
            }
        }
    }

    public Action<Stream> Capture()
    {
        var view = Tables.View;
        return stream => StoreSnapshot.Write(view, stream);
    }

    public void Restore(Stream snapshot)
    {
        Own.Missed();
        Tables.Restore(StoreSnapshot.Read(snapshot));
    }

    /// <summary>The results of this node's batch at <paramref name="index"/>; null if it came with a snapshot instead.</summary>
    internal CommitResult[]? TakeResults(long index)
    {
        lock (_resultsLock)
        {
            return _results.Remove(index, out var results) ? results : null;
        }
    }
}
