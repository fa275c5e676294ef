namespace Swarm.Chaos.Checkers;

/// <summary>Election safety: no two managers say of themselves that they lead the same term (Ongaro and Ousterhout, 2014, figure 3).</summary>
public sealed class OneLeaderPerTerm : IChecker
{
    public const string Property = "one leader per term";

    public Finding Check(Evidence evidence)
    {
        var terms = evidence.LeaderClaims.GroupBy(c => c.Term).OrderBy(g => g.Key).ToList();
        var wrong = terms.Where(g => g.Select(c => c.LeaderId).Distinct().Count() > 1)
            .SelectMany(g => g.DistinctBy(c => c.LeaderId).Select(c => $"term {c.Term}: {c.LeaderId} ({c.Node}) at {c.At.TotalSeconds:0.000} s")).ToList();
        return wrong.Count > 0 ? Finding.Violated(Property, "two managers led one term", wrong)
            : terms.Count == 0 ? Finding.Unknown(Property, "no manager was seen to lead")
            : Finding.Held(Property, $"{terms.Count} terms with a leader");
    }
}
