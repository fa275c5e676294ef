using System.Globalization;
using System.Text.RegularExpressions;
using Swarm.Chaos.Checkers;

namespace Swarm.Chaos.Running;

/// <summary>Reads out of a daemon's log when it led (the texts of Swarm.Store/Consensus/Raft/RaftConsensus.Log.cs).</summary>
internal static partial class LeaderLog
{
    /// <summary>What a manager says of another is hearsay, late or early; only what it says of itself counts.</summary>
    public static IEnumerable<LeaderClaim> Claims(string node, IEnumerable<string> lines, DateTimeOffset start)
    {
        var all = lines.ToList();
        var own = all.Select(l => Started().Match(l)).Where(m => m.Success).Select(m => m.Groups["id"].Value).ToHashSet();
        foreach (var match in all.Select(l => Leads().Match(l)).Where(m => m.Success && own.Contains(m.Groups["id"].Value)))
        {
            var at = DateTimeOffset.Parse(match.Groups["at"].ValueSpan, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
            yield return new LeaderClaim(
                long.Parse(match.Groups["term"].ValueSpan, CultureInfo.InvariantCulture), match.Groups["id"].Value, node, at - start, match.Groups["ready"].Value == "True");
        }
    }

    [GeneratedRegex(@"consensus of node (?<id>\w+) started in term")]
    private static partial Regex Started();

    [GeneratedRegex(@"(?<at>\d{4}-\d\d-\d\dT[\d:.]+Z) .*\] (?<id>\w+) leads in term (?<term>\d+) \(ready here: (?<ready>\w+)\)")]
    private static partial Regex Leads();
}
