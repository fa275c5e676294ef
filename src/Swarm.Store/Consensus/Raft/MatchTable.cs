using System.Collections.Concurrent;

namespace Swarm.Store.Consensus.Raft;

/// <summary>
/// How much of the leader's log each member is known to hold on disk, by its own answers in the leader's term. DotNext commits at the median of
/// the answers that came first (design/store.md, H2); the log asks here what a true majority holds. Safe from any thread.
/// </summary>
internal sealed class MatchTable
{
    private readonly ConcurrentDictionary<string, (long Term, long Index)> _matches = new(StringComparer.Ordinal);

    internal void Acknowledge(string nodeId, long term, long index) =>
        _matches.AddOrUpdate(nodeId, (term, index), (_, old) => old.Term > term || (old.Term == term && old.Index >= index) ? old : (term, index));

    /// <summary>The member answered that its log is shorter than thought (it was wiped): what it held before no longer counts.</summary>
    internal void Lower(string nodeId, long term, long lastIndex) =>
        _matches.AddOrUpdate(nodeId, (term, 0), (_, old) => old.Term > term ? old : (term, old.Term == term ? Math.Min(old.Index, lastIndex) : 0));

    /// <summary>The largest index that a majority of the voters holds durably.</summary>
    /// <param name="self">Voter whose own log ends, synced, at <paramref name="ownIndex"/>.</param>
    internal long MajorityIndex(IReadOnlyCollection<string> voters, string self, long term, long ownIndex)
    {
        var held = new List<long>(voters.Count);
        foreach (var voter in voters)
        {
            held.Add(voter == self ? ownIndex : _matches.TryGetValue(voter, out var match) && match.Term == term ? match.Index : 0);
        }

        held.Sort();
        return held.Count == 0 ? 0 : held[(held.Count - 1) / 2];
    }
}
